"""An HTTP API as a bare ASGI callable: route, authorizer, event, function, answer."""

import logging
from typing import Any

from gateway import assumptions, http_events, responses
from gateway.access_log import CLIENT_GONE, Journal, request_line
from gateway.asgi import Receive, Scope, Send
from gateway.authorizers import (
    AuthorizerError,
    Forbidden,
    HttpAuthorizers,
    Unauthorized,
    identities,
)
from gateway.cors import CorsPolicy
from gateway.endpoint import execute_api_arn
from gateway.http_body import ClientGone, TooLarge, read_body
from gateway.http_events import Head
from gateway.http_integration import HttpIntegration
from gateway.identifiers import new_request_id
from gateway.invoker import Event
from gateway.responses import HttpAnswer
from gateway.routing import Route, Router
from gateway.spec import Spec
from gateway.surroundings import Surroundings

log = logging.getLogger(__name__)

Match = tuple[Route, dict[str, str]]


class HttpApi:
    """Serves the operations of a spec.

    `match` tells whether a request is one of them, `serve` answers it.
    """

    def __init__(self, spec: Spec, surroundings: Surroundings) -> None:
        self._journal = Journal("http", surroundings.access_log)
        self._throttle = surroundings.throttle
        self._endpoint = surroundings.endpoint
        self._limits = limits = surroundings.limits
        self._clock = surroundings.clock
        self._cors = CorsPolicy(spec.cors) if spec.cors else None
        self._router = Router(spec.operations)
        self._integration = HttpIntegration(spec, surroundings)
        self._authorizers = HttpAuthorizers(
            surroundings.invoker,
            seconds=limits.authorizer_seconds,
            entries=limits.authorizer_cache_entries,
        )

    def match(self, scope: Scope) -> Match | None:
        return self._router.match(scope["method"], scope["raw_path"].decode("latin-1"))

    def is_preflight(self, scope: Scope) -> bool:
        """Whether it is a preflight request, which needs no route to be answered."""
        return self._cors is not None and self._cors.preflight(scope) is not None

    async def serve(self, match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._journal.begin()
        request_id = new_request_id()
        status = responses.INTERNAL_ERROR.status
        try:
            answer = await self._answer(match, scope, receive, request_id)
            status = answer.status
            await self._send(send, scope, answer, request_id)
        except TooLarge:
            status = responses.TOO_LARGE.status
            # The rest of the body will not be read, so the connection cannot be used again.
            close = (b"connection", b"close")
            await self._send(send, scope, responses.TOO_LARGE, request_id, close)
        except ClientGone:
            status = CLIENT_GONE
        finally:
            function = match[0].operation.function
            self._journal.end(began, match[0].key, function, status, request_id)

    async def serve_the_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give what nothing else wants to $default, or answer it: a preflight request, or 404."""
        if self._router.default is not None:
            await self.serve((self._router.default, {}), scope, receive, send)
            return
        began = self._journal.begin()
        request_id = new_request_id()
        answer = (self._cors and self._cors.preflight(scope)) or responses.NOT_FOUND
        await self._send(send, scope, answer, request_id)
        self._journal.end(began, request_line(scope), None, answer.status, request_id)

    async def _send(
        self,
        send: Send,
        scope: Scope,
        answer: HttpAnswer,
        request_id: str,
        *extra: tuple[bytes, bytes],
    ) -> None:
        if self._cors is not None:
            answer = self._cors.dressed(scope, answer)
        requestid = (b"apigw-requestid", request_id.encode("ascii"))
        await responses.send_answer(send, answer, requestid, *extra)

    async def _answer(
        self, match: Match, scope: Scope, receive: Receive, request_id: str
    ) -> HttpAnswer:
        if not self._throttle.take():
            return responses.TOO_MANY_REQUESTS
        if http_events.head_size(scope) > self._limits.request_head_bytes:
            return responses.HEAD_TOO_LARGE
        head = http_events.parse_head(scope)
        try:
            context = await self._authorize(match, scope, head, request_id)
        except Unauthorized:
            return responses.UNAUTHORIZED
        except Forbidden:
            return responses.FORBIDDEN
        except AuthorizerError as error:
            log.error("The authorizer of %s: %s", match[0].key, error, exc_info=error.__cause__)
            return responses.INTERNAL_ERROR
        if self._cors is not None and (preflight := self._cors.preflight(scope)):
            return preflight
        declared = head.headers.get("content-length", "0")
        body = await read_body(declared, receive, self._limits.payload_bytes)
        event = self._event(match, scope, head, request_id)
        event = http_events.function_event(event, body, context)
        answer = await self._integration.answer(match[0], event, len(body))
        return answer if self._cors is None else self._cors.stripped(answer)

    def _event(self, match: Match, scope: Scope, head: Head, request_id: str) -> Event:
        route, parameters = match
        return http_events.request_event(
            scope, head, route, parameters, self._endpoint, request_id, self._clock()
        )

    async def _authorize(self, match: Match, scope: Scope, head: Head, request_id: str) -> Any:
        """The authorizer's context; None when the route has no authorizer."""
        authorizer = match[0].operation.authorizer
        if authorizer is None:
            return None
        query = scope["query_string"].decode("latin-1")
        values = identities(authorizer.identity_source, head.headers, query)
        verdict = self._authorizers.kept(authorizer, values)
        if verdict is None:
            event = self._event(match, scope, head, request_id)
            event = http_events.authorizer_event(event, values)
            verdict = await self._authorizers.ask(authorizer, values, event)
        return verdict.admit(_arn(scope))


def _arn(scope: Scope) -> str:
    route = f"{scope['method']}{scope['path']}"
    return execute_api_arn(assumptions.HTTP_API_ID, http_events.STAGE, route)
