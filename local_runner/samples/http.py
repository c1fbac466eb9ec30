"""Events of HTTP APIs: the function's and the authorizer's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from gateway import assumptions, authorizers, http_events
from gateway.asgi import Scope
from gateway.authorizers import AuthorizerError
from gateway.identifiers import new_request_id
from gateway.invoker import Event
from gateway.routing import Route, Router
from gateway.spec import Spec
from local_runner.samples.request import ENDPOINT, USER_AGENT, Request, SampleError, unknown


def function_event(spec: Spec, request: Request, context: Mapping[str, Any] | None) -> Event:
    """What the function of the route gets; `context` is what its authorizer answered.

    Raises:
        SampleError: no route takes the request, or there is a context without an authorizer.
    """
    scope = _scope(request)
    route, parameters = _route(spec, scope)
    if route.operation.authorizer is None and context is not None:
        raise SampleError(f"{route.key} has no authorizer, so its event has no context")
    if route.operation.authorizer is not None and context is None:
        context = assumptions.MISSING_AUTHORIZER_CONTEXT
    event = _request_event(scope, route, parameters)
    return http_events.function_event(event, request.body, context)


def authorizer_event(spec: Spec, request: Request) -> Event:
    """What the authorizer of the route gets.

    Raises:
        SampleError: no route takes the request, it has no authorizer, or an identity source is
            missing, so that the authorizer would not be asked.
    """
    scope = _scope(request)
    route, parameters = _route(spec, scope)
    authorizer = route.operation.authorizer
    if authorizer is None:
        raise SampleError(f"{route.key} has no authorizer")
    head = http_events.parse_head(scope)
    query = scope["query_string"].decode("ascii")
    try:
        found = authorizers.identities(authorizer.identity_source, head.headers, query)
    except AuthorizerError as error:
        raise SampleError(f"{error}, and the authorizer is not asked without it") from None
    return http_events.authorizer_event(_request_event(scope, route, parameters), found)


def _scope(request: Request) -> Scope:
    usual = {"host": ENDPOINT.domain_name, "accept": "*/*", "user-agent": USER_AGENT}
    if request.body:
        usual["content-type"] = "application/json"
    return request.scope(usual)


def _route(spec: Spec, scope: Scope) -> tuple[Route, dict[str, str]]:
    router = Router(spec.operations)
    method, path = scope["method"], scope["raw_path"].decode("ascii")
    found = router.match(method, path)
    if found is None and router.default is not None:
        found = router.default, {}
    if found is None:
        routes = [f"{operation.method} {operation.path}" for operation in spec.operations]
        raise unknown(f"{method} {path}", routes, "no route takes")
    return found


def _request_event(scope: Scope, route: Route, parameters: dict[str, str]) -> Event:
    head = http_events.parse_head(scope)
    return http_events.request_event(
        scope, head, route, parameters, ENDPOINT, new_request_id(), time.time()
    )
