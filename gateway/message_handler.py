"""One message of a WebSocket: its route, its function, and what the client hears of it."""

import json
import logging
from typing import Any

from gateway import assumptions, spec_form, websocket_events
from gateway.access_log import Journal
from gateway.connections import BufferFull, Connection, Gone, Hub
from gateway.identifiers import new_request_id
from gateway.integration import INTERNAL_ERROR, TIMED_OUT, Integration
from gateway.invoker import InvocationError
from gateway.message_routing import MessageRouter
from gateway.responses import MalformedAnswer
from gateway.spec_form import WebSocketRoute
from gateway.surroundings import Surroundings
from gateway.websocket_events import Place

log = logging.getLogger(__name__)


class MessageHandler:
    """Handles the messages of all connections; whatever fails, the connection stays open."""

    def __init__(
        self,
        surroundings: Surroundings,
        integration: Integration,
        place: Place,
        hub: Hub,
    ) -> None:
        self._integration = integration
        self._place = place
        self._hub = hub
        self._limits = surroundings.limits
        self._throttle = surroundings.throttle
        self._journal = Journal("websocket", surroundings.access_log)
        self._clock = surroundings.clock

    def use(self, form: spec_form.WebSocketApi) -> None:
        """Take the routes of a spec: before the first message, and of another version later."""
        self._router = MessageRouter(form)

    async def handle(self, connection: Connection, text: str) -> None:
        began = self._journal.begin()
        request_id = new_request_id()
        key, route = self._router.select(text)
        status = await self._integrate(connection, text, key, route, request_id)
        function = route.function if route else None
        self._journal.end(began, key, function, status, request_id)

    async def _integrate(
        self,
        connection: Connection,
        text: str,
        key: str,
        route: WebSocketRoute | None,
        request_id: str,
    ) -> int:
        """Invoke the route's function; answers what HTTP would call the outcome."""
        if route is None:
            self._complain(connection, "Forbidden", request_id)
            return 403
        if not self._throttle.take():
            self._complain(connection, assumptions.TOO_MANY_REQUESTS, request_id)
            return 429
        event = websocket_events.message_event(
            text,
            key,
            self._place,
            connection.peer,
            request_id=request_id,
            message_id=new_request_id(),
            seconds=self._clock(),
        )
        try:
            answer = await self._integration.invoke(route.function, event)
            if route.route_response:
                self._reply(connection, answer)
        except TimeoutError:
            self._complain(connection, TIMED_OUT, request_id)
            return 504
        except (InvocationError, MalformedAnswer) as error:
            log.error("%s: %s", key, error)
            self._complain(connection, INTERNAL_ERROR, request_id)
            return 500
        return 200

    def _reply(self, connection: Connection, answer: Any) -> None:
        body = answer.get("body") if isinstance(answer, dict) else answer
        if body is None:
            return
        if not isinstance(body, str) or not isinstance(answer, dict):
            raise MalformedAnswer("the answer has no text under `body`")
        try:
            size = len(body.encode())
        except UnicodeEncodeError:
            raise MalformedAnswer("the answer holds half a surrogate pair") from None
        if size > self._limits.message_bytes:
            raise MalformedAnswer(f"the answer is larger than {self._limits.message_bytes} bytes")
        self._post(connection, body)

    def _complain(self, connection: Connection, message: str, request_id: str) -> None:
        frame = {
            "message": message,
            "connectionId": connection.peer.connection_id,
            "requestId": request_id,
        }
        self._post(connection, json.dumps(frame))

    def _post(self, connection: Connection, text: str) -> None:
        try:
            self._hub.post(connection, text)
        except (Gone, BufferFull):
            log.debug("%s is closing", connection.peer.connection_id)
