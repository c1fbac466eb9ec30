"""The Runtime API: how the runtime in one execution environment gets events and answers them.

AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes", 2018-06-01. Each
environment has a server of its own on loopback, so that the port says who asks.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, cast

import h11

from gateway.invoker import FunctionError, InvocationError
from local_runner.execution import lambda_errors
from local_runner.execution.payloads import ANSWER_BYTES

HOST = "127.0.0.1"
HEAD_BYTES = 2 * 1024 * 1024
"""The runtime puts up to 1 MB of a stack trace into one header."""

_PATH = re.compile(r"/2018-06-01/runtime/(invocation/(?P<id>[^/]+)/)?(?P<what>.+)")
_ACCEPTED = 202, {"status": "OK"}


@dataclass(frozen=True, slots=True)
class Invocation:
    """An event for the runtime; `deadline` in seconds since 1970."""

    request_id: str
    event: bytes
    deadline: float
    function_arn: str

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", self.request_id),
            ("lambda-runtime-deadline-ms", str(int(self.deadline * 1000))),
            ("lambda-runtime-invoked-function-arn", self.function_arn),
        ]


class RuntimeApi:
    """One runtime's side of the talk. All of it belongs to one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self.ready: asyncio.Future[None] = self._loop.create_future()
        """Done when the runtime asks for an event; fails when it cannot start or has ended."""
        self._answer: asyncio.Future[Any] = self._loop.create_future()
        self._invocation: Invocation | None = None
        self._asking: _Connection | None = None
        self._connections: set[_Connection] = set()

    async def open(self) -> str:
        """Serve; the answer is what `AWS_LAMBDA_RUNTIME_API` must say: host and port."""
        self._server = await self._loop.create_server(lambda: _Connection(self), HOST, 0)
        return f"{HOST}:{self._server.sockets[0].getsockname()[1]}"

    def send(self, invocation: Invocation) -> "asyncio.Future[Any]":
        """Give the runtime an event, now or when it asks; the future is its answer, as JSON types.

        It fails with `FunctionError`, or with what `fail` is told.
        """
        self._answer = self._loop.create_future()
        self._invocation = invocation
        self._pass_on()
        return self._answer

    def fail(self, error: InvocationError) -> None:
        """The runtime is gone: whatever is awaited of it fails, now and later."""
        if self._asking:
            # It was ready. The end of its connection, which comes next, must not change this.
            self._asking, self.ready = None, self._loop.create_future()
        for future in (self.ready, self._answer):
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody has to wait for it

    def close(self) -> None:
        if self._server:
            self._server.close()
        # Also those of a runtime that has ended: a child that it left may still hold its end.
        for connection in tuple(self._connections):
            connection.close()

    def handle(self, connection: "_Connection", method: str, path: str, body: bytes | None) -> None:
        """Answer a request; a `body` of None was larger than an answer may be."""
        found = _PATH.fullmatch(path)
        what = f"{method} {found['what']}" if found else ""
        if found and what == "GET invocation/next":
            self._next(connection)
        elif found and what in ("POST response", "POST error") and found["id"]:
            connection.respond(*self._answered(found["id"], what, body))
        elif what == "POST init/error":
            self.fail(_function_error(body))
            connection.respond(*_ACCEPTED)
        else:
            connection.respond(404, _error("NotFound", f"no such call: {method} {path}"))

    def opened(self, connection: "_Connection") -> None:
        """A runtime has connected."""
        self._connections.add(connection)

    def lost(self, connection: "_Connection") -> None:
        """The connection is closed."""
        self._connections.discard(connection)
        if self._asking is connection:
            self._asking = None
            if self.ready.done():
                self.ready = self._loop.create_future()

    def _next(self, connection: "_Connection") -> None:
        self._asking = connection
        if not self.ready.done():
            self.ready.set_result(None)
        self._pass_on()

    def _pass_on(self) -> None:
        if self._asking and self._invocation and not self._answer.done():
            connection, self._asking = self._asking, None
            self.ready = self._loop.create_future()
            connection.respond(200, self._invocation.event, self._invocation.headers())

    def _answered(self, request_id: str, what: str, body: bytes | None) -> tuple[int, Any]:
        invocation, answer = self._invocation, self._answer
        if invocation is None or invocation.request_id != request_id or answer.done():
            return 400, _error("InvalidRequestID", "Invalid request ID")
        self._invocation = None
        if body is None:
            error = lambda_errors.answer_too_large()
            answer.set_exception(error)
            return 413, _error("RequestEntityTooLarge", error.message)
        if what == "POST error":
            answer.set_exception(_function_error(body))
            return _ACCEPTED
        try:
            answer.set_result(json.loads(body))
        except (ValueError, RecursionError):
            answer.set_exception(lambda_errors.not_marshalled("it is not JSON"))
        return _ACCEPTED


class _Connection(asyncio.Protocol):
    """HTTP/1.1 by h11. Requests come one after the other; `next` waits for its response."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._method = self._path = ""
        self._body = bytearray()
        self._size = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._api.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._api.lost(self)

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        try:
            self._advance()
        except h11.RemoteProtocolError:
            self.close()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def respond(
        self, status: int, content: Any, headers: list[tuple[str, str]] | None = None
    ) -> None:
        """Send a response: bytes as they are, all else as JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        fields = headers or [("content-type", "application/json")]
        head = h11.Response(
            status_code=status, headers=[*fields, ("content-length", str(len(body)))]
        )
        sent = b"".join(
            self._http.send(part) or b"" for part in (head, h11.Data(data=body), h11.EndOfMessage())
        )
        if self._transport is None:
            return
        self._transport.write(sent)
        if self._http.our_state is h11.MUST_CLOSE:
            self.close()
        else:
            self._http.start_next_cycle()

    def _advance(self) -> None:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._method, self._path = event.method.decode(), event.target.decode()
                self._body, self._size = bytearray(), 0
            elif isinstance(event, h11.Data):
                self._size += len(event.data)
                if self._size <= ANSWER_BYTES:
                    self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                body = bytes(self._body) if self._size <= ANSWER_BYTES else None
                self._api.handle(self, self._method, self._path, body)
            else:
                return


def _function_error(body: bytes | None) -> FunctionError:
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        content = {}
    fields = content if isinstance(content, dict) else {}
    kind, message = fields.get("errorType"), fields.get("errorMessage")
    return FunctionError(str(kind or "Runtime.Unknown"), str(message or ""))


def _error(kind: str, message: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": message}
