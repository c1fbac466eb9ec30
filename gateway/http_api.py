"""An HTTP API as a bare ASGI callable: route, authorizer, event, function, answer."""

import asyncio
import json
import logging
import time
from typing import Any

from gateway import assumptions, http_events, responses
from gateway.access_log import CLIENT_GONE, AccessLog, Journal, request_line
from gateway.asgi import Receive, Scope, Send
from gateway.authorizers import (
    AuthorizerError,
    Forbidden,
    HttpAuthorizers,
    Unauthorized,
    identities,
)
from gateway.clock import Clock
from gateway.cors import CorsPolicy
from gateway.endpoint import Endpoint, execute_api_arn
from gateway.http_body import ClientGone, TooLarge, read_body
from gateway.http_events import Head
from gateway.identifiers import new_request_id
from gateway.invoker import (
    START_SECONDS,
    Event,
    InvocationError,
    Invoker,
    RequestTooLarge,
    TooManyRequests,
)
from gateway.limits import Limits
from gateway.responses import HttpAnswer, MalformedAnswer
from gateway.routing import Route, Router
from gateway.spec import Spec
from gateway.throttle import TokenBucket

log = logging.getLogger(__name__)

Match = tuple[Route, dict[str, str]]


_MOST_JSON_BYTES = 6
"""That a byte becomes in JSON, such as \\u0000."""
_compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class HttpApi:
    """Serves the operations of a spec.

    `match` tells whether a request is one of them, `serve` answers it.
    """

    def __init__(
        self,
        spec: Spec,
        invoker: Invoker,
        endpoint: Endpoint,
        limits: Limits,
        throttle: TokenBucket,
        access_log: AccessLog | None = None,
        clock: Clock = time.time,
    ) -> None:
        self._journal = Journal("http", access_log)
        self._throttle = throttle
        self._cors = CorsPolicy(spec.cors) if spec.cors else None
        self._router = Router(spec.operations)
        self._invoker = invoker
        self._endpoint = endpoint
        self._limits = limits
        self._clock = clock
        # The invoker ends these, a slow start included, before their time here is over; a second
        # timer costs a tenth of the throughput.
        self._quick = {
            operation.function
            for operation in spec.operations
            if spec.settings(operation.function).timeout_seconds + START_SECONDS
            < limits.integration_seconds
        }
        self._authorizers = HttpAuthorizers(
            invoker, seconds=limits.authorizer_seconds, entries=limits.authorizer_cache_entries
        )

    def match(self, scope: Scope) -> Match | None:
        return self._router.match(scope["method"], scope["raw_path"].decode("latin-1"))

    def default(self) -> Match | None:
        """The $default route, for a request that nothing else wants."""
        return (self._router.default, {}) if self._router.default else None

    def is_preflight(self, scope: Scope) -> bool:
        """Whether it is a preflight request, which needs no route to be answered."""
        return self._cors is not None and self._cors.preflight(scope) is not None

    async def serve(self, match: Match, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._journal.begin()
        request_id = new_request_id()
        status = CLIENT_GONE
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
            pass
        finally:
            function = match[0].operation.function
            self._journal.end(began, match[0].key, function, status, request_id)

    async def serve_unrouted(self, scope: Scope, send: Send) -> None:
        """Answer a request that no route takes: a preflight request, or 404."""
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
        head = http_events.parse_head(scope)
        if head.size > self._limits.request_head_bytes:
            return responses.HEAD_TOO_LARGE
        try:
            context = await self._authorize(match, scope, head, request_id)
        except Unauthorized:
            return responses.UNAUTHORIZED
        except Forbidden:
            return responses.FORBIDDEN
        except AuthorizerError as error:
            log.error("The authorizer of %s: %s", match[0].key, error)
            return responses.INTERNAL_ERROR
        if self._cors is not None and (preflight := self._cors.preflight(scope)):
            return preflight
        declared = head.headers.get("content-length", "0")
        body = await read_body(declared, receive, self._limits.payload_bytes)
        event = self._event(match, scope, head, request_id)
        event = http_events.function_event(event, body, context)
        if not self._fits(event, len(body)):
            return responses.TOO_LARGE
        return await self._integrate(match[0], event)

    def _fits(self, event: Event, body_bytes: int) -> bool:
        """Whether Lambda takes the event; its exact size is asked for only near the limit."""
        limit = self._limits.invocation_bytes
        most = _MOST_JSON_BYTES * (body_bytes + 2 * self._limits.request_head_bytes)
        return most < limit or len(_compact_json(event).encode("utf-8", "replace")) <= limit

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

    async def _integrate(self, route: Route, event: Event) -> HttpAnswer:
        function = route.operation.function
        try:
            if function in self._quick:
                answer = await self._invoker.invoke(function, event)
            else:
                async with asyncio.timeout(self._limits.integration_seconds):
                    answer = await self._invoker.invoke(function, event)
            response = responses.from_function(answer)
            return response if self._cors is None else self._cors.stripped(response)
        except TimeoutError:
            log.error("%s: no answer from %s in time", route.key, function)
            return responses.SERVICE_UNAVAILABLE
        except TooManyRequests:
            return responses.TOO_MANY_REQUESTS
        except RequestTooLarge:
            return responses.TOO_LARGE
        except InvocationError as error:
            log.error("%s: %s", route.key, error)
        except MalformedAnswer as error:
            log.error("%s: the answer of %s is malformed: %s", route.key, function, error)
        except Exception:
            log.exception("%s: invoking %s failed", route.key, function)
        return responses.INTERNAL_ERROR


def _arn(scope: Scope) -> str:
    route = f"{scope['method']}{scope['path']}"
    return execute_api_arn(assumptions.HTTP_API_ID, http_events.STAGE, route)
