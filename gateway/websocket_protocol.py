"""uvicorn's WebSocket, with API Gateway's frame limit and an end for clients that misbehave."""

from asyncio import TimerHandle
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState, SecurityError
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import State

from gateway.http_protocol import AT_ONCE
from gateway.limits import Limits
from gateway.refusals import BAD_REQUEST, HEAD_TOO_LARGE, on_the_wire
from gateway.websocket_api import ABORT

_FAREWELL_SECONDS = 15.0


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """Fails a connection with the code of RFC 6455, and waits for no client for ever.

    uvicorn closes a connection by waiting for its last bytes to be read; a client that never reads
    would keep it for ever.
    """

    def __init__(self, limits: Limits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn.max_fragment_size = self._frame_bytes = limits.frame_bytes
        self._continued = bytearray()
        self._waiting = bytearray()
        self._farewell: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Nothing of it is kept until garbage is collected.
        self._waiting.clear()
        self._continued.clear()
        self.frames = []
        if self._farewell is not None:
            self._farewell.cancel()

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated or (len(data) <= AT_ONCE and not self._waiting):
            self._parse(data)
            return
        # libuv would read megabytes before it does anything else.
        self._waiting += data
        self.transport.pause_reading()
        if not self.read_paused:
            self.loop.call_soon(self._take_some)

    def _take_some(self) -> None:
        if self.transport.is_closing():
            self._waiting.clear()
            return
        some = bytes(self._waiting[:AT_ONCE])
        del self._waiting[:AT_ONCE]
        self._parse(some)
        if not self.read_paused:
            self._read_on()

    def _read_on(self) -> None:
        if self._waiting:
            self.loop.call_soon(self._take_some)
        else:
            self.transport.resume_reading()

    def _parse(self, data: bytes) -> None:
        self.conn.receive_data(data)
        # What came before a bad frame counts; uvicorn would forget it.
        self.handle_events()
        if self.conn.parser_exc is not None and not self.transport.is_closing():
            self.handle_parser_exception()

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._read_on()
        return message

    def handle_events(self) -> None:
        super().handle_events()
        # The HTTP server has passed on a whole head: without a request in it, it is refused.
        if not self.handshake_initiated:
            large = isinstance(self.conn.handshake_exc, SecurityError)
            answer = HEAD_TOO_LARGE if large else BAD_REQUEST
            self.transport.write(on_the_wire(answer, self.default_headers))
            self.transport.close()
            self._close_in_the_end()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][ABORT] = self._abort  # type: ignore[assignment]
            # Frames that come before the answer would be answered before it.
            self.transport.pause_reading()
        else:
            self._close_in_the_end()

    def start_keepalive(self) -> None:
        """Called when the connection has been accepted."""
        super().start_keepalive()
        self.transport.resume_reading()

    def handle_cont(self, event: Frame) -> None:
        # In one piece: thousands of tiny fragments would cost an object each, empty ones for ever.
        self._continued += event.data
        if event.fin:
            self.frames.append(bytes(self._continued))
            self._continued.clear()
            self.send_receive_event_to_app()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            # uvicorn would log a traceback, and fail when the client has closed meanwhile.
            self.frames = [b"".join(self.frames)]
            try:
                self.frames[0].decode()
            except UnicodeDecodeError:
                self.frames = []
                if self.conn.state is State.OPEN:
                    self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_ping(self) -> None:
        pongs = b"".join(self.conn.data_to_send())
        # Who does not read gets no more of them (RFC 6455, 5.5.3, asks for the latest only).
        if self.writable.is_set():
            self.transport.write(pongs)

    async def send(self, message: ASGISendEvent) -> None:
        await self.writable.wait()
        if self.disconnected or (self.close_sent and self.handshake_complete):
            # Also after a close frame of our own, of which the application cannot know.
            raise ClientDisconnected
        text = message.get("text")
        # A character has four bytes at most.
        if isinstance(text, str) and len(text) > self._frame_bytes // 4 and self.handshake_complete:
            self._send_in_frames(text.encode())
        else:
            await super().send(message)

    def _send_in_frames(self, data: bytes) -> None:
        """As API Gateway does: its frames hold no more than those of clients may."""
        size = self._frame_bytes
        try:
            self.conn.send_text(data[:size], fin=len(data) <= size)
            for start in range(size, len(data), size):
                last = start + size >= len(data)
                self.conn.send_continuation(data[start : start + size], fin=last)
        except InvalidState:
            raise ClientDisconnected from None
        self.transport.write(b"".join(self.conn.data_to_send()))

    async def run_asgi(self) -> None:
        # uvicorn takes an HTTP answer to the handshake for none, and logs an error for each.
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception:
            self.logger.exception("Exception in ASGI application")
        if not self.close_sent:
            self.send_500_response()
        if self.close_timer is None:
            self.transport.close()
        self._close_in_the_end()

    def _close_in_the_end(self) -> None:
        """Closing waits for the client to read the last bytes."""
        if not self.disconnected:
            self._farewell = self.loop.call_later(_FAREWELL_SECONDS, self._abort)

    def _abort(self) -> None:
        self.transport.abort()
