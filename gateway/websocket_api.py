"""A WebSocket API: a connection from its handshake to its $disconnect."""

import logging
from typing import Any

from gateway import assumptions, responses, spec_form, websocket_events
from gateway.access_log import Journal
from gateway.asgi import Receive, Scope, Send
from gateway.connections import Connection, Hub
from gateway.conversation import converse
from gateway.handshake import Handshake, Refused, refuse
from gateway.http_events import head_size
from gateway.identifiers import new_connection_id, new_request_id
from gateway.integration import Integration
from gateway.invoker import InvocationError
from gateway.message_handler import MessageHandler
from gateway.surroundings import Surroundings
from gateway.throttle import SlidingWindow
from gateway.websocket_events import Peer, Place

log = logging.getLogger(__name__)

SWITCHING_PROTOCOLS = 101
ABORT = "gateway.abort"
"""The ASGI extension that cuts a connection: see gateway/websocket_protocol.py."""


class WebSocketApi:
    """Serves the WebSocket API of a spec, one call per connection."""

    def __init__(
        self,
        form: spec_form.WebSocketApi,
        place: Place,
        hub: Hub,
        surroundings: Surroundings,
    ) -> None:
        self._journal = Journal("websocket", surroundings.access_log)
        self._newcomers = SlidingWindow(surroundings.limits.connections_per_second)
        self._integration = Integration(surroundings)
        self._messages = MessageHandler(surroundings, self._integration, place, hub)
        self._place = place
        self._hub = hub
        self._limits = surroundings.limits
        self._clock = surroundings.clock
        self.use(form)

    def use(self, form: spec_form.WebSocketApi) -> None:
        """Take the routes of another version of the spec, also for the connections there are."""
        self._on_connect = form.routes.get("$connect")
        self._on_disconnect = form.routes.get("$disconnect")
        self._handshake = Handshake(form, self._place, self._integration, self._clock)
        self._messages.use(form)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        connection = Connection(self._peer(scope), send, _abort(scope))
        began = self._journal.begin()
        request_id = new_request_id()
        status = 500
        try:
            self._check(scope, connection.peer, request_id)
            subprotocol = await self._handshake.admit(scope, connection.peer, request_id)
            status = SWITCHING_PROTOCOLS
        except Refused as refused:
            status = refused.answer.status
            await refuse(send, refused.answer)
            return
        finally:
            function = self._on_connect.function if self._on_connect else None
            self._journal.end(began, "$connect", function, status, request_id)
        # The protocol keeps the scope as long as the connection; nobody reads its headers again.
        scope["headers"] = []
        code, reason = assumptions.ABNORMAL_CLOSURE, ""
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            self._hub.add(connection)
            code, reason = await converse(connection, receive, self._messages, self._hub)
        except OSError:
            log.debug("%s left during its handshake", connection.peer.connection_id)
        finally:
            self._hub.remove(connection)
            await self._disconnect(connection.peer, code, reason)

    def _check(self, scope: Scope, peer: Peer, request_id: str) -> None:
        """Raises: Refused: its URL or head is too large, or there are too many connections."""
        ids = {"connectionId": peer.connection_id, "requestId": request_id}
        if self._url_characters(scope) > self._limits.websocket_url_characters:
            status = assumptions.URL_TOO_LONG_STATUS
            raise Refused(responses.gateway_answer(status, assumptions.URL_TOO_LONG, **ids))
        if head_size(scope) > self._limits.request_head_bytes:
            raise Refused(responses.gateway_answer(431, assumptions.HEAD_TOO_LARGE, **ids))
        if not self._newcomers.take():
            raise Refused(responses.gateway_answer(429, assumptions.TOO_MANY_REQUESTS, **ids))

    def _url_characters(self, scope: Scope) -> int:
        endpoint, query = self._place.endpoint, scope["query_string"]
        start = f"{endpoint.scheme.replace('http', 'ws')}://{endpoint.domain_name}"
        return len(start) + len(scope["raw_path"]) + (len(query) + 1 if query else 0)

    def _peer(self, scope: Scope) -> Peer:
        agents = [value for name, value in scope["headers"] if name == b"user-agent"]
        source_ip = scope["client"][0] if scope.get("client") else ""
        user_agent = agents[-1].decode("latin-1") if agents else ""
        return Peer(new_connection_id(), self._clock(), source_ip, user_agent)

    async def _disconnect(self, peer: Peer, code: int, reason: str) -> None:
        route = self._on_disconnect
        if route is None:
            return
        began = self._journal.begin()
        request_id, status = new_request_id(), 200
        event = websocket_events.disconnect_event(
            self._place, peer, code, reason, request_id=request_id, seconds=self._clock()
        )
        try:
            await self._integration.invoke(route.function, event)
        except (InvocationError, TimeoutError) as error:
            status = 504 if isinstance(error, TimeoutError) else 500
            log.error("$disconnect of %s: %r", peer.connection_id, error)
        self._journal.end(began, "$disconnect", route.function, status, request_id)


def _abort(scope: Scope) -> Any:
    try:
        return scope["extensions"][ABORT]
    except KeyError:
        raise RuntimeError(
            "This server cannot cut a WebSocket: "
            "run uvicorn with the settings of gateway.server.uvicorn_settings()."
        ) from None
