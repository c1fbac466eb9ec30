"""A server of one inbox that misbehaves as it is told: it drops, repeats and reorders frames, stops
answering, closes with any code, and blocks WebSockets. Its chances come from a seed.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Frame = dict[str, Any]

AT = "2026-01-05T10:20:30.123Z"
MOST_AT_ONCE = 50


def event(seq: int) -> Frame:
    """The event with a number: each third one brings a notification."""
    frame: Frame = {"seq": seq, "at": AT, "unreadCount": seq}
    if seq % 3:
        return {"type": "archived", "ids": [f"id{seq}"], **frame}
    item = {"id": f"id{seq}", "userId": "ada", "message": f"m{seq}", "priority": 3}
    item |= {"read": False, "archived": False, "pinned": False, "createdAt": AT, "seq": seq}
    return {"type": "notification", "notifications": [item], **frame}


class Misbehaving:
    """`seq` is the position of its inbox, `kept` how many of the last events it remembers."""

    def __init__(self, seed: int = 0) -> None:
        self.url = ""
        self._port = 0
        self.seq = 0
        self.kept = 1000
        self.drops = self.repeats = self.reorders = 0.0
        """Chances of each frame."""
        self.answers = True
        self.throttles = False
        """Questions are answered as API Gateway does above the rate."""
        self.refuses: int | None = None
        """The status of every handshake, when sockets are refused."""
        self.refuses_polls: int | None = None
        self.questions: list[Frame] = []
        self.acknowledged: list[str] = []
        self.polls = 0
        self.handshakes = 0
        self._random = random.Random(seed)
        self._sockets: dict[ServerConnection, list[Frame]] = {}
        self._grown = asyncio.Condition()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Misbehaving]:
        """It may be ended and begun again, on the same port."""
        async with serve(
            self._socket, "127.0.0.1", self._port, process_request=self._http, close_timeout=0.2
        ) as server:
            self._port = server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self._port}"
            yield self

    async def append(self, count: int = 1) -> None:
        """Let something happen, and push it."""
        for _ in range(count):
            async with self._grown:
                self.seq += 1
                self._grown.notify_all()
            for socket in list(self._sockets):
                await self._send(socket, event(self.seq))
            await asyncio.sleep(0)

    async def close(self, code: int) -> None:
        """Close every socket with a code; 1006 is none, the connection breaks."""
        for socket in list(self._sockets):
            if code == 1006:
                socket.transport.abort()
            else:
                await socket.close(code)

    @property
    def devices(self) -> int:
        return len(self._sockets)

    async def _socket(self, socket: ServerConnection) -> None:
        self._sockets[socket] = []
        try:
            async for message in socket:
                await self._take(socket, json.loads(message))
        except ConnectionClosed:
            pass
        finally:
            del self._sockets[socket]

    async def _take(self, socket: ServerConnection, frame: Frame) -> None:
        match frame["action"]:
            case "ack":
                self.acknowledged += frame["ids"]
            case "sync":
                self.questions.append(frame)
                if self.throttles:
                    await socket.send(json.dumps({"message": "Too many requests"}))
                elif self.answers:
                    await self._send(socket, self._answer(frame.get("since"), frame["ref"]))

    def _answer(self, since: int | None, ref: str | None = None) -> Frame:
        last = {} if ref is None else {"ref": ref}
        if since is None:
            return {"type": "ready", "seq": self.seq, "unreadCount": self.seq, **last}
        recovered = self.seq - self.kept <= since <= self.seq
        until = min(self.seq, since + MOST_AT_ONCE) if recovered else self.seq
        events = [event(seq) for seq in range(since + 1, until + 1)] if recovered else []
        frame = {"type": "sync", "seq": until, "unreadCount": until, "recovered": recovered}
        return {**frame, "events": events, "more": until < self.seq, **last}

    async def _send(self, socket: ServerConnection, frame: Frame) -> None:
        held = self._sockets.get(socket, [])
        if self._random.random() < self.drops:
            return
        held.append(frame)
        if self._random.random() < self.repeats:
            held.append(frame)
        if self._random.random() < self.reorders:
            return  # it goes out after a later one
        self._random.shuffle(held) if self.reorders else None
        sent = list(held)
        held.clear()
        for each in sent:
            try:
                await socket.send(json.dumps(each))
            except ConnectionClosed:
                return

    async def _http(self, socket: ServerConnection, request: Request) -> Response | None:
        address = urlsplit(request.path)
        if address.path == "/ws":
            self.handshakes += 1
            return self._refused(socket, self.refuses)
        self.polls += 1
        if refused := self._refused(socket, self.refuses_polls):
            return refused
        query = {name: int(values[0]) for name, values in parse_qs(address.query).items()}
        since = query.get("since")
        if since is not None:
            await self._wait_for_more_than(since, query.get("wait", 0))
        return socket.respond(HTTPStatus.OK, json.dumps(self._answer(since)))

    async def _wait_for_more_than(self, since: int, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._grown:
                await self._grown.wait_for(lambda: self.seq > since)
        except TimeoutError:
            pass

    @staticmethod
    def _refused(socket: ServerConnection, status: int | None) -> Response | None:
        if status is None:
            return None
        return socket.respond(HTTPStatus(status), json.dumps({"message": "No"}))
