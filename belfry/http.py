"""The HTTP edge of a function: an API Gateway event (payload 2.0) in, an answer out.

`@endpoint` makes a handler into the callable that Lambda wants: it checks the caller and the input,
gives the handler what it needs, turns errors into problems (RFC 9457), and logs one line.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from belfry import wire
from belfry.errors import (
    BelfryError,
    Forbidden,
    InvalidToken,
    TokenExpired,
    TooLarge,
)
from belfry.function import Event, Function
from belfry.model import Caller, Role, new_id
from belfry.wiring import Deps

if TYPE_CHECKING:
    from belfry.inputs.form import Input

log = logging.getLogger(__name__)

T = TypeVar("T")
Json = dict[str, Any]

PROBLEM_TYPE = "urn:belfry:problem:"


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """A checked request. `input` is the body or the query parameters, as the endpoint asked for.

    `id` is for what the request makes: the same when a request with an Idempotency-Key comes again.
    `may_be_done` says that an earlier try of the same request may have made it.
    """

    input: T
    path: Mapping[str, str]
    _caller: Caller | None
    id: str = field(default_factory=new_id)
    may_be_done: bool = False

    @property
    def caller(self) -> Caller:
        """Who asks. Only an endpoint that is not public has one."""
        if self._caller is None:
            raise InvalidToken("There is no token.")
        return self._caller


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a JSON body."""

    body: Any
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_event(self) -> Json:
        """In the form of payload 2.0."""
        return {
            "statusCode": int(self.status),
            "headers": {"content-type": "application/json", **self.headers},
            "body": wire.dumps(self.body),
        }


def created(body: Any, **headers: str) -> Response:
    """201. Header names as keywords: `location` is the address of what was made."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, HTTPStatus.CREATED, named)


Handler = Callable[[Request[T], Deps], Response]


def endpoint(
    *,
    body: type[Input] | None = None,
    query: type[Input] | None = None,
    role: Role = Role.USER,
    public: bool = False,
    secret: bool = False,
) -> Callable[[Handler[T]], Function[Json]]:
    """Make a handler into an endpoint.

    `body` or `query` is the model of its input, `role` who may call it, `public` whether anybody
    may, `secret` that its answer is never to be kept, not even for an Idempotency-Key. An empty
    body counts as `{}`, so that the error names what is missing.
    """

    def decorate(handler: Handler[T]) -> Function[Json]:
        def answer(
            event: Event, parts: Deps, caller: Caller | None, id_: str, may_be_done: bool = False
        ) -> Json:
            try:
                given = _input(event, body, query)
                path = event.get("pathParameters", {})
                request = Request(given, path, caller, id_, may_be_done)
                return handler(request, parts).to_event()
            except BelfryError as error:
                return _problem(error, event)

        def run(event: Event, parts: Deps) -> Json:
            started = time.perf_counter()
            try:
                caller = None if public else _caller(event, role, parts.clock())
                act = partial(answer, event, parts, caller)
                key = None if secret else _idempotency_key(event)
                if caller is None or key is None:
                    answered = act(new_id())
                else:
                    answered = _once(event, parts, caller, key, act)
            except BelfryError as error:
                answered = _problem(error, event)
            _log(event, answered["statusCode"], time.perf_counter() - started)
            return answered

        return Function(run)

    return decorate


def _log(event: Event, status: int, seconds: float) -> None:
    context = event["requestContext"]
    method, path = context["http"]["method"], context["http"]["path"]
    # repr: a decoded path may hold line breaks
    log.info("%s %r %d %.1f ms %s", method, path, status, seconds * 1e3, context["requestId"])


def _once(
    event: Event, parts: Deps, caller: Caller, key: str, act: Callable[[str, bool], Json]
) -> Json:
    # Imported when there is a key: hashing alone costs a cold start some milliseconds.
    from belfry.idempotency import key_of, once

    place = f"{event['rawPath']}?{event['rawQueryString']}"
    request = (event["requestContext"]["http"]["method"], place, _raw(event))
    own = key_of(caller.user_id, key, request)
    answer, is_replayed = once(own, act, keys=parts.idempotency_keys, clock=parts.clock)
    if is_replayed:
        answer["headers"] = {**answer["headers"], "idempotency-replayed": "true"}
    return answer


def _idempotency_key(event: Event) -> str | None:
    if event["requestContext"]["http"]["method"] != "POST":
        return None
    key: str | None = event["headers"].get("idempotency-key")
    return key


def _input(event: Event, body: type[Input] | None, query: type[Input] | None) -> Any:
    if body:
        return body.from_json(_body(event, body.MAX_BYTES))
    if query:
        return query.from_fields(event.get("queryStringParameters", {}))
    return None


def _caller(event: Event, role: Role, now: datetime) -> Caller:
    context = event["requestContext"].get("authorizer", {}).get("lambda")
    if not context:
        raise InvalidToken("There is no token.")
    # The gateway keeps the authorizer's answer for a while, so a token may have expired since.
    if datetime.fromtimestamp(context["expiresAt"], UTC) <= now:
        raise TokenExpired("The token has expired. Log in again.")
    caller = Caller(context["userId"], Role(context["role"]))
    if role is Role.ADMIN and caller.role is not Role.ADMIN:
        raise Forbidden("Only administrators may do this.")
    return caller


def _body(event: Event, most: int) -> bytes:
    raw = _raw(event)
    if len(raw) > most:
        raise TooLarge(f"The body has {len(raw)} bytes; at most {most} are taken.")
    return raw or b"{}"


def _raw(event: Event) -> bytes:
    text = event.get("body") or ""
    return base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()


def _problem(error: BelfryError, event: Event) -> Json:
    headers = {"content-type": "application/problem+json"}
    if error.temporary:
        log.warning("%s: %s", type(error).__name__, error.__cause__ or error)
        headers["retry-after"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    body: Json = {
        "type": PROBLEM_TYPE + error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": event["rawPath"],
        "requestId": event["requestContext"]["requestId"],
    }
    if error.errors:
        body["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    return {"statusCode": error.status, "headers": headers, "body": wire.dumps(body)}
