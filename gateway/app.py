"""Puts the gateway together: one ASGI application that serves whatever a spec names."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

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
from gateway.throttle import TokenBucket
from gateway.websocket_api import WebSocketApi
from gateway.websocket_events import Place

_THE_REST = "gateway.the_rest"
"""In the scope of a request that none of the extra routes takes."""


class Gateway(Starlette):
    """The spec's calls go straight to their API; Starlette serves the extra routes and lifespan."""

    journal: Journal
    http_api: HttpApi
    websocket_api: WebSocketApi | None
    management: Management | None
    hub: Hub
    websocket_path: str
    http_api_of: Callable[[Spec], HttpApi]

    def use(self, spec: Spec) -> None:
        """Serve another version of the spec from now on; connections stay, and take its routes.

        Raises:
            ValueError: see `check`.
        """
        self.check(spec)
        self.http_api = self.http_api_of(spec)
        if self.websocket_api is not None and spec.websocket is not None:
            self.websocket_api.use(spec.websocket)

    def check(self, spec: Spec) -> None:
        """Raises ValueError when `use` cannot take it: its WebSocket API is at another place."""
        stage = f"/{spec.websocket.stage}" if spec.websocket else ""
        if stage != self.websocket_path:
            raise ValueError("x-websocket: another stage needs another start")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            match = self.http_api.match(scope)
            if match is not None:
                await self.http_api.serve(match, scope, receive, send)
                return
            if self.management is not None and self.management.matches(scope["path"]):
                await self.management.serve(scope, receive, send)
                return
            if self.http_api.is_preflight(scope):
                await self._serve_the_rest(scope, receive, send)
                return
        elif (
            scope["type"] == "websocket"
            and self.websocket_api is not None
            and scope["path"] == self.websocket_path
        ):
            await self.websocket_api.serve(scope, receive, send)
            return
        if scope["type"] == "http":
            await self._serve_extra(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _serve_extra(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an extra route or, where none fits, the rest; only the former is logged here."""
        began, status = self.journal.begin(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await super().__call__(scope, receive, noting)
        finally:
            if _THE_REST not in scope:
                self.journal.end(began, request_line(scope), None, status, "")

    async def _serve_the_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give what no route wants to $default, or answer it as API Gateway does."""
        scope[_THE_REST] = True
        if (match := self.http_api.default()) is not None:
            await self.http_api.serve(match, scope, receive, send)
        else:
            await self.http_api.serve_unrouted(scope, send)

    def serve_the_rest(self) -> None:
        """Take what no extra route wants out of Starlette's hands."""

        async def rest(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._serve_the_rest(scope, receive, send)
            else:
                await receive()  # websocket.connect
                await refuse(send, responses.FORBIDDEN)

        self.router.default = rest


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
    endpoint = Endpoint.parse(endpoint_url)
    hub = Hub(limits)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sweep = asyncio.create_task(hub.sweep_forever())
        yield
        sweep.cancel()

    app = Gateway(
        routes=list(extra_routes),
        lifespan=lifespan,
        exception_handlers={404: _not_found},
    )
    app.hub = hub
    app.journal = Journal("http", access_log)
    throttle = TokenBucket(limits.requests_per_second, limits.request_burst)
    app.http_api_of = lambda spec: HttpApi(spec, invoker, endpoint, limits, throttle, access_log)
    app.http_api = app.http_api_of(spec)
    app.websocket_api = app.management = None
    app.websocket_path = ""
    if spec.websocket is not None:
        verifier = SignatureVerifier(Credentials(*credentials)) if credentials else None
        place = Place(endpoint, spec.websocket.stage)
        app.websocket_path = f"/{place.stage}"
        app.websocket_api = WebSocketApi(
            spec.websocket, invoker, place, hub, limits, throttle, access_log
        )
        app.management = Management(place.stage, hub, limits, verifier, throttle, access_log)
    app.serve_the_rest()
    return app


async def _not_found(_: Request, __: Exception) -> Response:
    status, headers, body = responses.NOT_FOUND
    return Response(body, status, media_type=headers[0][1].decode("ascii"))
