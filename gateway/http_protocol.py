"""uvicorn's HTTP, with an end for clients that send without end, or do not read."""

import asyncio
import math
from collections.abc import Callable, Sized
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.limits import Limits
from gateway.refusals import BAD_REQUEST, HEAD_TOO_LARGE, TIMED_OUT, on_the_wire
from gateway.responses import HttpAnswer
from gateway.watch import Owed, Watch, unread

_HEADS = 4
"""The gateway itself answers a head above its limit. One so many times as large is not even kept,
nor are trailers, line ends or chunk extensions of that size."""
AT_ONCE = 8192
"""Bytes of one client that are parsed before the others have their turn: a thousand of the smallest
chunks or frames, and a few milliseconds."""


class _Flow(FlowControl):
    """Reads on with what has been received already, and only when no request waits.

    uvicorn would read on after every answer, and keep ever more requests that came at once.
    """

    def __init__(
        self, transport: asyncio.Transport, waiting: Sized, read_on: Callable[[], None]
    ) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self._read_on = read_on

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            self.read_paused = False
            self._read_on()


class GatewayHttpProtocol(HttpToolsProtocol):
    """Cuts clients that are slow to send or to read, and refuses what is too much to keep."""

    def __init__(self, limits: Limits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._most = limits.request_head_bytes * _HEADS
        self._waiting = bytearray()
        self._upgraded = self._cheap = False
        # Bytes since the last of a body, or since the start or the end of a request.
        self._overhead = 0
        self._in_head = False
        self._answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline, self._read_on)
        self._watch = Watch(
            self.loop, self._limits.sweep_seconds, self._what_the_client_owes, self._let_go
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.stop()
        super().connection_lost(exc)
        # Nothing of it is kept until garbage is collected.
        self.pipeline.clear()
        self._waiting.clear()
        self.headers = []
        self.flow = FlowControl(self.transport)
        if self._answered is not None:
            # uvicorn tells the latest request only; an earlier one would write where nobody is.
            self._answered.disconnected = True
            self._answered.message_event.set()

    def data_received(self, data: bytes) -> None:
        if len(data) <= AT_ONCE and not self._waiting:
            self._feed(data)
            return
        # libuv would read megabytes before it does anything else.
        self._waiting += data
        self.transport.pause_reading()
        if not self.flow.read_paused:
            self.loop.call_soon(self._take_some)

    def _take_some(self) -> None:
        if self.transport.is_closing():
            self._waiting.clear()
            return
        self._cheap = True
        # A body in one piece is quickly taken, however much of it there is.
        while self._cheap and self._waiting:
            self._cheap = False
            some = bytes(self._waiting[:AT_ONCE])
            del self._waiting[:AT_ONCE]
            self._feed(some)
            if self.flow.read_paused or self._upgraded:
                return
        self._read_on()

    def _read_on(self) -> None:
        if self._waiting:
            self.loop.call_soon(self._take_some)
        else:
            self.transport.resume_reading()

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._overhead += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(BAD_REQUEST)
        else:
            if self._overhead > self._most:
                self._refuse(HEAD_TOO_LARGE)

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return
                # Whoever asks for another protocol is answered as if it had not.
                data = data[upgrade.args[0] :]

    def handle_websocket_upgrade(self) -> None:
        answering = self._latest is not None and not self._latest.response_complete
        if answering or self.transport.get_write_buffer_size():
            # An earlier answer would get between the frames, or hide whether they are read.
            self._refuse(BAD_REQUEST)
            return
        self._watch.stop()
        self._waiting.clear()
        self._upgraded = True
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._overhead = 0
        self._in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers are no headers (RFC 9110, 6.5.1), but uvicorn appends them to those.
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade() and not self._should_upgrade() and self._announces_body():
            raise ValueError("the parser would take this body for the next request")
        super().on_headers_complete()

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0"))
            for name, value in self.headers
        )

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        self._cheap = len(body) == AT_ONCE
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._overhead = 0
        super().on_message_complete()
        if self._latest is not None:
            # uvicorn forgets it when the answer was there before the end of the body.
            self._latest.more_body = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The request that came last; uvicorn types it as if there were always one."""
        return self.cycle

    def _what_the_client_owes(self) -> Owed:
        cycle, limits = self._latest, self._limits
        if self.flow.write_paused or self.transport.is_closing():
            return limits.send_seconds, "reading", unread(self.transport) // AT_ONCE
        if self.pipeline:  # it is our turn
            return math.inf, "nothing", cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            return limits.head_seconds, "head", cycle
        if cycle.more_body:
            return limits.body_seconds, "body", cycle
        return math.inf, "nothing", cycle

    def _let_go(self, owed: object) -> None:
        if owed == "reading":
            self.transport.abort()
        elif owed == "body" or self._in_head:
            self._refuse(TIMED_OUT)
        else:
            self.transport.close()

    def _refuse(self, answer: HttpAnswer) -> None:
        if self._may_answer():
            self.transport.write(on_the_wire(answer, self.server_state.default_headers))
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether the client would not take it for the answer to something else."""
        cycle = self._latest
        if cycle is None:
            return True
        if cycle.more_body:
            return cycle is self._answered and not cycle.response_started
        return cycle.response_complete
