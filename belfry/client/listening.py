"""Listening for ever: over a WebSocket, and by long polling where sockets are blocked."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from belfry.client.http import Http, LogIn
from belfry.client.in_thread import answer_of
from belfry.client.models import Event
from belfry.client.stream import Frame, Lost, Stream
from belfry.client.timing import Timing

log = logging.getLogger("belfry.client")

CLOSED_ON_PURPOSE = 1000  # docs/protocol.md, "Close codes": after all others one opens again
CLOSE_SECONDS = 1.0  # a server that stopped answering does not answer a close frame either
MOST_ACKNOWLEDGED = 100
LONGEST_POLL_SECONDS = 25
MAY_BE_BLOCKED = (InvalidHandshake, TimeoutError, ConnectionResetError)
TOO_BUSY = frozenset({429, 500, 502, 503, 504})
"""Statuses of a refused handshake that say nothing of sockets, and which polls would meet, too."""
SOCKET_TRIES = 2
"""After so many sockets in a row that brought nothing, they are taken to be blocked."""


class Ended(Exception):
    """The server closed the socket on purpose."""


class Listener:
    """One listening device."""

    def __init__(self, http: Http, since: int | None = None, timing: Timing | None = None) -> None:
        self._http = http
        self._stream = Stream(since)
        self._timing = timing or Timing()
        self._failures = 0  # in a row, of any way
        self._is_away = False
        self._blocked = 0  # sockets in a row that brought nothing
        self._polling = self._timing.first_polling
        self._ask_at = 0.0
        self._answer_by = 0.0

    async def events(self) -> AsyncGenerator[Event, None]:
        """Each event once and in order. Raises Problem when the caller may not listen (any more).

        It ends when the server closes the socket on purpose.
        """
        while True:
            way = self._by_polling() if self._blocked >= SOCKET_TRIES else self._by_socket()
            try:
                async with aclosing(way):
                    async for event in way:
                        yield event
            except Ended:
                return
            except Lost as lost:
                log.log(
                    logging.DEBUG if self._is_away else logging.WARNING, "disconnected: %s", lost
                )
                self._is_away = True
                await asyncio.sleep(self._timing.backoff.wait(max(1, self._failures)))

    async def _by_socket(self) -> AsyncGenerator[Event, None]:
        self._failures += 1
        self._blocked += 1
        socket = await self._open()
        try:
            await self._ask(socket)
            while True:
                was_asked = self._stream.is_asked
                frame = await self._receive(socket)
                self._blocked = 0
                events = self._stream.take(frame)
                if was_asked and not self._stream.is_asked:
                    self._polling = self._timing.first_polling
                    self._reached()
                for event in events:
                    yield event
                await self._acknowledge(socket, events)
                if self._stream.must_ask:
                    await self._ask(socket)
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code == CLOSED_ON_PURPOSE:
                raise Ended from None
            raise Lost(str(closed)) from None
        finally:
            await socket.close()

    def _reached(self) -> None:
        """It answers."""
        if self._is_away:
            log.info("connected again")
        self._is_away, self._failures = False, 0

    async def _open(self) -> ClientConnection:
        headers = {}
        if self._http.token:
            headers["Authorization"] = f"Bearer {await answer_of(self._http.token)}"
        try:
            return await connect(
                self._http.websocket_url,
                additional_headers=headers,
                compression=None,
                proxy=None,
                ping_interval=None,  # the heartbeat asks the functions, not only the socket
                open_timeout=self._timing.open,
                close_timeout=CLOSE_SECONDS,
            )
        except (OSError, InvalidHandshake) as error:
            if not _may_be_blocked(error):
                self._blocked = 0
            if isinstance(error, InvalidStatus) and isinstance(self._http.token, LogIn):
                self._http.token.forget()
            raise Lost(str(error) or type(error).__name__) from None

    async def _ask(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps(self._stream.question()))
        now = asyncio.get_running_loop().time()
        self._answer_by, self._ask_at = now + self._timing.answer, now + self._timing.heartbeat

    async def _receive(self, socket: ClientConnection) -> Frame:
        """The next frame; asks when it is time to, and gives up when the answer is late."""
        while True:
            try:
                until = self._answer_by if self._stream.is_asked else self._ask_at
                async with asyncio.timeout_at(until):
                    return _object(await socket.recv())
            except TimeoutError:
                if self._stream.is_asked:
                    raise Lost("the server stopped answering") from None
                await self._ask(socket)

    async def _acknowledge(self, socket: ClientConnection, events: Iterable[Event]) -> None:
        """Say what the caller has dealt with: it has asked for the next event since."""
        ids = [item.id for event in events for item in event.notifications]
        for start in range(0, len(ids), MOST_ACKNOWLEDGED):
            some = ids[start : start + MOST_ACKNOWLEDGED]
            await socket.send(json.dumps({"action": "ack", "ids": some}))

    async def _by_polling(self) -> AsyncGenerator[Event, None]:
        """For a while; then it is time to try a socket again."""
        log.warning("WebSockets do not get through: polling instead")
        loop = asyncio.get_running_loop()
        until = loop.time() + self._polling
        while (left := until - loop.time()) > 0:
            began = loop.time()
            events = self._stream.answer(await self._poll(min(LONGEST_POLL_SECONDS, left)))
            self._reached()
            for event in events:
                yield event
            if not events:
                await asyncio.sleep(began + self._timing.idle_poll - loop.time())
        self._polling = min(self._polling * 2, self._timing.longest_polling)
        self._blocked = SOCKET_TRIES - 1

    async def _poll(self, wait: float) -> Frame:
        self._failures += 1
        asked = {"wait": str(math.ceil(wait))} | {
            name: str(value) for name, value in self._stream.since().items()
        }
        try:
            return await answer_of(lambda: self._http.try_once("/api/inbox/events", asked))
        except Lost:
            self._blocked = 0  # the server is away, which says nothing about sockets
            raise


def _may_be_blocked(error: Exception) -> bool:
    """Whether sockets may not get through, and not the server be away or busy."""
    if isinstance(error, InvalidStatus) and error.response.status_code in TOO_BUSY:
        return False
    return isinstance(error, MAY_BE_BLOCKED)


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise Lost("a frame is no JSON object") from None
