"""A WebSocket API: the handshake, one connection's messages in their order, and its end."""

import logging
import time
from typing import Any

from gateway import assumptions, responses, spec_form, websocket_events
from gateway.access_log import AccessLog, Journal
from gateway.asgi import Message, Receive, Scope, Send
from gateway.clock import Clock
from gateway.connections import CloseCode, Connection, Hub
from gateway.handshake import Handshake, Refused, refuse
from gateway.http_events import head_size
from gateway.identifiers import new_connection_id, new_request_id
from gateway.integration import Integration
from gateway.invoker import InvocationError, Invoker
from gateway.limits import Limits
from gateway.message_handler import MessageHandler
from gateway.throttle import TokenBucket
from gateway.websocket_events import Peer, Place

log = logging.getLogger(__name__)

SWITCHING_PROTOCOLS = 101
ABORT = "gateway.abort"
"""The ASGI extension that cuts a connection: see gateway/server.py."""


class WebSocketApi:
    """Serves the WebSocket API of a spec, one call per connection."""

    def __init__(
        self,
        form: spec_form.WebSocketApi,
        invoker: Invoker,
        place: Place,
        hub: Hub,
        limits: Limits,
        throttle: TokenBucket,
        access_log: AccessLog | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._journal = Journal("websocket", access_log)
        newcomers = limits.connections_per_second
        self._newcomers = TokenBucket(newcomers, newcomers)
        self._integration = Integration(invoker, limits)
        self._messages = MessageHandler(
            form, self._integration, place, hub, limits, throttle, self._journal, clock
        )
        self._place = place
        self._hub = hub
        self._limits = limits
        self._clock = clock
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
            code, reason = await self._converse(connection, receive)
        except OSError:
            log.debug("%s left during its handshake", connection.peer.connection_id)
        finally:
            self._hub.remove(connection)
            await self._disconnect(connection.peer, code, reason)

    def _check(self, scope: Scope, peer: Peer, request_id: str) -> None:
        """Raises: Refused: its head is too large, or there are too many new connections."""
        ids = {"connectionId": peer.connection_id, "requestId": request_id}
        if head_size(scope) > self._limits.request_head_bytes:
            raise Refused(responses.gateway_answer(431, assumptions.HEAD_TOO_LARGE, **ids))
        if not self._newcomers.take():
            raise Refused(responses.gateway_answer(429, assumptions.TOO_MANY_REQUESTS, **ids))

    def _peer(self, scope: Scope) -> Peer:
        agents = [value for name, value in scope["headers"] if name == b"user-agent"]
        source_ip = scope["client"][0] if scope.get("client") else ""
        user_agent = agents[-1].decode("latin-1") if agents else ""
        return Peer(new_connection_id(), self._clock(), source_ip, user_agent)

    async def _converse(self, connection: Connection, receive: Receive) -> tuple[int, str]:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return _how_it_ended(connection, message)
            text = message.get("text")
            if connection.closing is not None:
                continue
            if text is None:
                self._hub.close(connection, CloseCode.BINARY)
            else:
                self._hub.touch(connection)
                await self._messages.handle(connection, text)

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


def _how_it_ended(connection: Connection, message: Message) -> tuple[int, str]:
    if connection.closing is not None:
        return connection.closing.code, connection.closing.reason
    code = message.get("code", assumptions.ABNORMAL_CLOSURE)
    # uvicorn says 1005 for a lost connection too, but then gives no reason at all.
    if code == 1005 and "reason" not in message:
        code = assumptions.ABNORMAL_CLOSURE
    return code, message.get("reason") or assumptions.DISCONNECT_REASONS.get(code, "")
