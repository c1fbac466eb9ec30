"""Puts the gateway together: one ASGI application that serves whatever a spec names."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway import responses
from gateway.access_log import AccessLog, Journal, request_line
from gateway.asgi import Message, Receive, Scope, Send
from gateway.connections import Hub
from gateway.endpoint import Endpoint
from gateway.handshake import refuse
from gateway.http_api import HttpApi
from gateway.invoker import Invoker
from gateway.limits import Limits
from gateway.management import Management
from gateway.signature import Credentials, SignatureVerifier
from gateway.spec import Spec
from gateway.surroundings import Surroundings
from gateway.throttle import TokenBucket
from gateway.websocket_api import WebSocketApi
from gateway.websocket_events import Place


class Gateway(Starlette):
    """The spec's calls go straight to their API; Starlette serves the extra routes and lifespan."""

    def __init__(
        self,
        spec: Spec,
        surroundings: Surroundings,
        verifier: SignatureVerifier | None,
        extra_routes: Sequence[BaseRoute],
    ) -> None:
        super().__init__(
            routes=list(extra_routes),
            lifespan=Gateway._sweeping,
            exception_handlers={404: _not_found},
        )
        self.router.default = _no_route
        self._surroundings = surroundings
        self._journal = Journal("http", surroundings.access_log)
        self._handshakes = Journal("websocket", surroundings.access_log)
        self.hub = Hub(surroundings.limits)
        self.http_api = HttpApi(spec, surroundings)
        self.websocket_api: WebSocketApi | None = None
        self.management: Management | None = None
        self.websocket_path = ""
        if spec.websocket is not None:
            place = Place(surroundings.endpoint, spec.websocket.stage)
            self.websocket_path = f"/{place.stage}"
            self.websocket_api = WebSocketApi(spec.websocket, place, self.hub, surroundings)
            self.management = Management(place.stage, self.hub, verifier, surroundings)

    def use(self, spec: Spec) -> None:
        """Serve another version of the spec from now on; connections stay, and take its routes.

        Raises:
            ValueError: see `check`.
        """
        self.check(spec)
        self.http_api = HttpApi(spec, self._surroundings)
        if self.websocket_api is not None and spec.websocket is not None:
            self.websocket_api.use(spec.websocket)

    def check(self, spec: Spec) -> None:
        """Raises ValueError when `use` cannot take it: its WebSocket API is at another place."""
        stage = f"/{spec.websocket.stage}" if spec.websocket else ""
        if stage != self.websocket_path:
            raise ValueError("x-websocket: another stage needs another start")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve_http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        # On AWS it has a host of its own, so that no route can take its requests.
        if self.management is not None and self.management.matches(scope["path"]):
            await self.management.serve(scope, receive, send)
        elif (match := self.http_api.match(scope)) is not None:
            await self.http_api.serve(match, scope, receive, send)
        elif self.http_api.is_preflight(scope) or not await self._is_extra(scope, receive, send):
            await self.http_api.serve_the_rest(scope, receive, send)

    async def _is_extra(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Serve an extra route; False when none fits, and nothing has been sent."""
        began, status = self._journal.begin(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await super().__call__(scope, receive, noting)
        finally:
            if status:
                self._journal.end(began, request_line(scope), None, status, "")
        return bool(status)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.websocket_api is not None and scope["path"] == self.websocket_path:
            await self.websocket_api.serve(scope, receive, send)
            return
        began, answer = self._handshakes.begin(), responses.FORBIDDEN
        await receive()  # websocket.connect
        await refuse(send, answer)
        self._handshakes.end(began, request_line(scope), None, answer.status, "")

    @contextlib.asynccontextmanager
    async def _sweeping(self) -> AsyncIterator[None]:
        sweep = asyncio.create_task(self.hub.sweep_forever())
        yield
        sweep.cancel()


def create_app(
    spec: Spec,
    invoker: Invoker,
    *,
    endpoint_url: str,
    credentials: tuple[str, str] | None = None,
    extra_routes: Sequence[BaseRoute] = (),
    limits: Limits | None = None,
    access_log: AccessLog | None = None,
) -> Gateway:
    """The application for a spec. Serve it with `gateway.server.uvicorn_settings()`.

    `endpoint_url`, such as http://127.0.0.1:8080, is where functions reach it to push to
    connections. `credentials` are the access key id and secret that such calls must be signed with;
    None lets everybody push. `extra_routes` come after the spec's calls, before its $default.
    `access_log` is told of each request, handshake, message and end of a connection.

    Raises:
        ValueError: `endpoint_url` has another form.
    """
    limits = limits or Limits()
    throttle = TokenBucket(limits.requests_per_second, limits.request_burst)
    endpoint = Endpoint.parse(endpoint_url)
    surroundings = Surroundings(invoker, endpoint, limits, throttle, access_log)
    verifier = SignatureVerifier(Credentials(*credentials)) if credentials else None
    return Gateway(spec, surroundings, verifier, extra_routes)


async def _no_route(_: Scope, __: Receive, ___: Send) -> None:
    """What no extra route wants is served by the HTTP API, outside of Starlette."""


async def _not_found(_: Request, __: Exception) -> Response:
    status, headers, body = responses.NOT_FOUND
    return Response(body, status, media_type=headers[0][1].decode("ascii"))
