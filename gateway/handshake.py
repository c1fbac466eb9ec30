"""The handshake of a WebSocket: it waits for the authorizer, then for $connect.

Either can refuse it; the client then gets an HTTP status instead of a WebSocket.
"""

import logging
from typing import Any

from gateway import assumptions, authorizers, responses, websocket_events
from gateway.asgi import Scope, Send
from gateway.authorizer_form import WebSocketAuthorizer
from gateway.authorizers import AuthorizerError
from gateway.clock import Clock
from gateway.integration import INTERNAL_ERROR, TIMED_OUT, Integration
from gateway.invoker import InvocationError, TooManyRequests
from gateway.responses import HttpAnswer, MalformedAnswer
from gateway.spec_form import WebSocketApi, WebSocketRoute
from gateway.websocket_events import Peer, Place

log = logging.getLogger(__name__)


class Refused(Exception):
    """The handshake ends with an HTTP status instead of a WebSocket."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Handshake:
    """Admits clients, or refuses them."""

    def __init__(
        self, form: WebSocketApi, place: Place, integration: Integration, clock: Clock
    ) -> None:
        self._authorizer = form.authorizer
        self._connect = form.routes.get("$connect")
        self._place = place
        self._integration = integration
        self._clock = clock

    async def admit(self, scope: Scope, peer: Peer, request_id: str) -> str | None:
        """The subprotocol to echo, or None; `peer` gets the authorizer's context.

        Raises:
            Refused: with the answer for the client.
        """
        ids = {"connectionId": peer.connection_id, "requestId": request_id}
        if self._authorizer is not None:
            status, message = await self._authorize(self._authorizer, scope, peer, request_id)
            if status != 200:
                raise Refused(responses.gateway_answer(status, message, **ids))
        if self._connect is None:
            return None
        try:
            return await self._ask_connect(self._connect, scope, peer, request_id)
        except TooManyRequests:
            status, message = 429, assumptions.TOO_MANY_REQUESTS
        except TimeoutError:
            status, message = assumptions.CONNECT_TIMED_OUT, TIMED_OUT
        except (InvocationError, MalformedAnswer) as error:
            log.error("$connect: %s", error)
            status, message = assumptions.CONNECT_FAILED, INTERNAL_ERROR
        raise Refused(responses.gateway_answer(status, message, **ids))

    async def _ask_connect(
        self, route: WebSocketRoute, scope: Scope, peer: Peer, request_id: str
    ) -> str | None:
        now = self._clock()
        event = websocket_events.connect_event(scope, self._place, peer, request_id, now)
        return _subprotocol(await self._integration.invoke(route.function, event))

    async def _authorize(
        self, authorizer: WebSocketAuthorizer, scope: Scope, peer: Peer, request_id: str
    ) -> tuple[int, str]:
        started = self._clock()
        function = authorizer.function
        event = websocket_events.authorizer_event(scope, self._place, peer, request_id, started)
        arn = websocket_events.connect_arn(self._place)
        try:
            query = scope["query_string"].decode("latin-1")
            authorizers.check_handshake(authorizer.identity_source, event, query)
            principal, context = await self._integration.authorize(function, event, arn)
        except authorizers.Unauthorized:
            return 401, "Unauthorized"
        except authorizers.Forbidden:
            return 403, "Forbidden"
        except AuthorizerError as error:
            log.error("%s: %s", function, error, exc_info=error.__cause__)
            return 500, INTERNAL_ERROR
        latency = int((self._clock() - started) * 1000)
        peer.authorizer = websocket_events.authorizer_fields(principal, context, latency)
        return 200, ""


def _subprotocol(answer: Any) -> str | None:
    if not isinstance(answer, dict):
        raise MalformedAnswer("the answer of $connect has no statusCode")
    response = responses.from_function(answer | {"statusCode": responses.status_code(answer)})
    if response.status >= 300:
        kept = [header for header in response.headers if header[0] == b"content-type"]
        raise Refused(HttpAnswer(response.status, kept, response.body))
    for name, value in response.headers:
        if name == b"sec-websocket-protocol":
            return value.decode("latin-1")
    return None


async def refuse(send: Send, answer: HttpAnswer) -> None:
    """Answer a handshake with HTTP (ASGI extension `websocket.http.response`)."""
    length = (b"content-length", b"%d" % len(answer.body))
    start = {
        "type": "websocket.http.response.start",
        "status": answer.status,
        "headers": [*answer.headers, length],
    }
    try:
        await send(start)
        await send({"type": "websocket.http.response.body", "body": answer.body})
    except OSError:
        log.debug("the client left during its handshake")
