"""A device of the simulation, which calls the functions as its gateway would."""

from __future__ import annotations

import sys
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any

from functions.inbox.change import handler as change_over_http
from functions.inbox.events import handler as events
from functions.notifications.delete import handler as delete
from functions.notifications.list import handler as list_page
from functions.notifications.mark import handler as mark
from functions.realtime.change import handler as change_over_socket
from functions.realtime.connections import handler as connections
from functions.realtime.sync import handler as sync
from tests.screen import Json, Screen
from tests.unit.events import call, frame_of, http_event, websocket_event

if TYPE_CHECKING:
    from tests.convergence.world import World

PAGE = 10


class Phone:
    """`line` holds the frames that are on their way to it; None while it has no socket."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._lines = world.network.lines
        self.name = name
        self.screen = Screen()
        self.line: deque[Json] | None = None
        self._opened = 0
        self._asleep = 0

    def go_on(self, random: Random) -> None:
        """Do something, or nothing, by chance."""
        chance = random.random
        if self._asleep:
            self._asleep -= 1
            return
        if self.line is None:
            if chance() < 0.1:
                self.poll()
            elif chance() < 0.1:
                self.connect()
        elif chance() < 0.02:
            self.disconnect(told=chance() < 0.7)
            self._asleep = random.choice((0, 0, 0, 0, 10, 50, 300))
        elif chance() < 0.5:
            self.hear(random.randint(1, 5))
        if chance() < 0.2:
            self.look()
        if chance() < 0.05:
            self.scroll()
        if chance() < 0.01:
            self.show(**self._world.choose.filter())

    @property
    def is_asleep(self) -> bool:
        return self._asleep > 0

    def sleep(self) -> None:
        """Be away until the end."""
        if self.line is not None:
            self.disconnect(told=True)
        self._asleep = sys.maxsize

    def come_to_rest(self) -> None:
        """Sync, and hear all that there is."""
        if self.line is None:
            self.connect()
        else:
            self._ask()
        self.hear(len(self._world.network.told) + 1000)
        self.look()

    def connect(self) -> None:
        self._opened += 1
        self.line = self._lines[self._id] = deque()
        self._socket(connections, kind="CONNECT")
        self._ask()

    def disconnect(self, *, told: bool) -> None:
        """Lose the socket, and all that is under way on it; the server may not hear of it."""
        self.line = None
        del self._lines[self._id]
        self.screen.disconnected()
        if told:
            self._socket(connections, kind="DISCONNECT")

    def hear(self, most: int) -> None:
        """Act on so many of the frames that have come."""
        while self.line and most:
            self._take(self.line.popleft())
            most -= 1
            if self.screen.needs_sync:
                self._ask()

    def poll(self) -> None:
        """Ask over HTTP what has happened."""
        question = self.screen.question()
        query = {"since": str(question["since"])} if "since" in question else {}
        self._take(self._http(events, path="/api/inbox/events", query=query))

    def look(self) -> None:
        """Load the list again, as far as it was loaded, if something may be missing in it."""
        if self.screen.stale:
            wanted = len(self.screen.items)
            self.show(**self.screen.shown)
            while not self.screen.is_whole and len(self.screen.items) < wanted:
                self.scroll()

    def show(self, **filter_: Any) -> None:
        """Show this list."""
        self.screen.begin(**filter_)
        self.scroll()

    def scroll(self) -> None:
        """Load the next page."""
        if not self.screen.is_whole:
            query = self.screen.query() | {"limit": str(PAGE)}
            page = self._http(list_page, path="/api/notifications", query=query)
            self.screen.add_page(page)

    def change(self, asked: Json) -> None:
        """Change something, over the socket if there is one."""
        if self.line is None:
            self._http(change_over_http, "POST", "/api/inbox/changes", body=asked)
        else:
            self._socket(change_over_socket, {"action": "change", **asked})

    def mark(self, id_: str, *, read: bool) -> None:
        self._http(mark, "PUT", f"/api/notifications/{id_}", id_=id_, body={"read": read})

    def delete(self, id_: str) -> None:
        self._http(delete, "DELETE", f"/api/notifications/{id_}", id_=id_)

    @property
    def _id(self) -> str:
        return f"{self.name}, {self._opened}"

    def _take(self, frame: Json) -> None:
        for event in self.screen.take(frame):
            self._world.network.witness(event)

    def _ask(self) -> None:
        assert self.line is not None
        self.line.append(self._socket(sync, self.screen.question()))

    def _http(self, handler: Any, method: str = "GET", path: str = "", **fields: Any) -> Any:
        event = http_event(method, path, caller=self._world.user_id, token_seconds=1e9, **fields)
        answer = call(handler, event, self._world.parts)
        # What is shown here may have been deleted elsewhere.
        assert answer.status in (200, 204, 404), answer.body
        return answer.body

    def _socket(self, handler: Any, body: Json | None = None, kind: str = "MESSAGE") -> Json:
        event = websocket_event(body, kind=kind, caller=self._world.user_id, connection=self._id)
        event["requestContext"]["connectedAt"] = int(self._world.clock().timestamp() * 1000)
        answer = handler.using(self._world.parts)(event, None)
        assert answer["statusCode"] == 200
        frame = frame_of(answer) if "body" in answer else {}
        assert frame.get("status", 404) == 404, frame
        return frame
