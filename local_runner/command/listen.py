"""`belfry listen`: a device in the terminal. It reconnects by itself and misses nothing."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 15.0
PING_SECONDS = 300.0
MOST_ACKNOWLEDGED = 100


def listen(url: str, token: Callable[[], str], out: Console) -> None:
    """Print the events of the token's inbox until Ctrl-C. `token` is asked anew to reconnect."""
    device = _Device(out)
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            headers = {"Authorization": f"Bearer {token()}"}
            address = url.replace("http", "ws", 1) + "/ws"
            with connect(
                address, additional_headers=headers, compression=None, proxy=None
            ) as socket:
                delay = FIRST_DELAY_SECONDS
                device.follow(socket)
        except KeyboardInterrupt:
            return
        except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as error:
            wait = random.uniform(0, delay)  # noqa: S311  # full jitter: not all at once
            out.print(f"[yellow]disconnected[/] ({str(error) or type(error).__name__}), again soon")
            try:
                time.sleep(wait)
            except KeyboardInterrupt:
                return
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)


class _Device:
    """Keeps the position, as docs/protocol.md tells clients to."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._seq: int | None = None
        self._heard = 0  # the highest number of a live event before the position was known

    def follow(self, socket: ClientConnection) -> None:
        self._ask(socket)
        while True:
            try:
                frame = json.loads(socket.recv(timeout=PING_SECONDS))
            except TimeoutError:
                socket.send(json.dumps({"action": "ping"}))
                continue
            self._take(frame, socket)

    def _ask(self, socket: ClientConnection) -> None:
        since = {} if self._seq is None else {"since": self._seq}
        socket.send(json.dumps({"action": "sync", **since}))

    def _take(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        match frame.get("type"):
            case "ready":
                self._seq = frame["seq"]
                self._out.print(f"[green]listening[/], {frame['unreadCount']} unread")
                if self._heard > frame["seq"]:
                    self._ask(socket)
            case "sync":
                self._catch_up(frame, socket)
            case "notification" | "read" | "unread":
                if self._seq is None:
                    self._heard = max(self._heard, frame["seq"])
                elif frame["seq"] > self._seq + 1:
                    self._ask(socket)
                else:
                    self._acknowledge(self._event(frame), socket)
            case "error":
                self._out.print(f"[red]{frame['title']}[/] {frame['detail']}")

    def _catch_up(self, frame: dict[str, Any], socket: ClientConnection) -> None:
        ids = [id_ for event in frame["events"] for id_ in self._event(event)]
        self._acknowledge(ids, socket)
        if not frame["recovered"]:
            self._out.print("[yellow]too much was missed to show it[/]")
        # A live event may have come since: the position never goes back, except to another inbox.
        known = self._seq if frame["recovered"] else None
        self._seq = max(known or 0, frame["seq"])
        if frame["more"]:
            self._ask(socket)

    def _event(self, event: dict[str, Any]) -> list[str]:
        """Show an event; answers the ids of the notifications that it brought."""
        if self._seq is not None and event["seq"] <= self._seq:
            return []
        self._seq = event["seq"]
        brought = event.get("notifications", ())
        for item in brought:
            self._out.print(_line(item, event["at"]), soft_wrap=True)
        if ids := event.get("ids"):
            self._out.print(Text(f"{event['type']} {', '.join(ids)}", "dim"), soft_wrap=True)
        return [item["id"] for item in brought]

    def _acknowledge(self, ids: Sequence[str], socket: ClientConnection) -> None:
        for start in range(0, len(ids), MOST_ACKNOWLEDGED):
            some = ids[start : start + MOST_ACKNOWLEDGED]
            socket.send(json.dumps({"action": "ack", "ids": some}))


def _line(item: dict[str, Any], at: str) -> Text:
    """One notification on one line; control characters of a message do not reach the terminal."""
    title = f"{item['title']}: " if "title" in item else ""
    shown = "".join(c if c.isprintable() else " " for c in f"{title}{item['message']}")
    return Text.assemble((at[11:19], "dim"), " ", ("● ", "cyan"), shown)
