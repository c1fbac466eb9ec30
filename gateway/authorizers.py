"""Asks authorizer functions, reads their answers, and keeps those of HTTP APIs for a while."""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway import assumptions
from gateway.authorizer_form import Authorizer
from gateway.http_events import query_parameters
from gateway.invoker import Event, FunctionError, InvocationError, Invoker
from gateway.policy import MalformedPolicy, allows


class AuthorizerError(Exception):
    """The caller is not admitted."""


class Unauthorized(AuthorizerError):
    """401: an identity source is missing, or the authorizer does not know the caller."""


class Forbidden(AuthorizerError):
    """403: the authorizer denies."""


class AuthorizerFailed(AuthorizerError):
    """500: the authorizer raised, was late, or answered in no known form."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An authorizer's answer: one yes or no for all routes, or a policy to be asked per route."""

    allowed: bool
    policy: Any
    """None for a simple answer."""
    context: str
    """As JSON, so that each event gets objects of its own."""

    def admit(self, arn: str) -> Any:
        """The context for the event.

        Raises:
            AuthorizerError: the route is denied, or the policy cannot be read.
        """
        try:
            allowed = self.allowed if self.policy is None else allows(self.policy, arn)
        except MalformedPolicy as error:
            raise AuthorizerFailed(str(error)) from None
        if not allowed:
            raise Forbidden("denied by the authorizer")
        return json.loads(self.context)


def read_http_answer(answer: Any) -> Verdict:
    """Raises: AuthorizerFailed: it is neither a simple response nor an IAM policy."""
    if not isinstance(answer, dict):
        raise AuthorizerFailed("the authorizer's answer is no object")
    context = answer.get("context")
    if context is None:
        context = assumptions.MISSING_AUTHORIZER_CONTEXT
    if not isinstance(context, dict):
        raise AuthorizerFailed("the authorizer's context is no object")
    allowed, policy = answer.get("isAuthorized"), answer.get("policyDocument")
    if policy is None and not isinstance(allowed, bool):
        raise AuthorizerFailed("the authorizer gave neither isAuthorized nor policyDocument")
    return Verdict(allowed is True, policy, json.dumps(context))


def read_websocket_answer(answer: Any, arn: str, limit: int) -> tuple[str, dict[str, Any]]:
    """The principal and the flat context of an IAM policy answer of at most `limit` bytes.

    Raises:
        AuthorizerError: denied, or malformed.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
        raise AuthorizerFailed("the authorizer gave no principalId")
    context = answer.get("context") or {}
    if not isinstance(context, dict) or not all(
        isinstance(value, str | int | float) for value in context.values()
    ):
        raise AuthorizerFailed("the authorizer's context holds more than texts and numbers")
    if len(json.dumps(answer)) > limit:
        raise AuthorizerFailed(f"the authorizer's answer is larger than {limit} bytes")
    Verdict(False, answer.get("policyDocument") or {}, json.dumps(context)).admit(arn)
    return answer["principalId"], context


async def ask(invoker: Invoker, function: str, event: Event, seconds: float) -> Any:
    """Invoke an authorizer.

    Raises:
        AuthorizerError: it refused by raising "Unauthorized", or failed; what an invoker raised
            that is no InvocationError is the cause.
    """
    try:
        async with asyncio.timeout(seconds):
            return await invoker.invoke(function, event)
    except FunctionError as error:
        if error.message == assumptions.UNAUTHORIZED:
            raise Unauthorized("refused by the authorizer") from None
        raise AuthorizerFailed(str(error)) from None
    except (InvocationError, TimeoutError) as error:
        raise AuthorizerFailed(f"the authorizer gave no answer: {error}") from None
    except Exception as error:
        raise AuthorizerFailed(f"the authorizer could not be invoked: {error!r}") from error


def identities(sources: tuple[str, ...], headers: Mapping[str, str], query: str) -> list[str]:
    """The values of the identity sources, in their order; `headers` by names in lower case.

    A source is `$request.header.Name` or, of a WebSocket API, `route.request.header.Name`; and the
    same with `querystring`.

    Raises:
        Unauthorized: one of them is missing or empty.
    """
    found = []
    for source in sources:
        _, kind, name = source.removeprefix("route.").split(".", 2)
        values = headers if kind == "header" else query_parameters(query)
        value = values.get(name.lower() if kind == "header" else name)
        if not value:
            raise Unauthorized(f"{source} is missing")
        found.append(value)
    return found


def check_handshake(sources: tuple[str, ...], event: Event, query: str) -> None:
    """See that a handshake, as its authorizer's event tells it, has all identity sources.

    Raises:
        Unauthorized: one of them is missing or empty.
    """
    if sources:
        headers = {name.lower(): value for name, value in event["headers"].items()}
        identities(sources, headers, query)


_Key = tuple[str, tuple[str, ...], tuple[str, ...]]


def _key(authorizer: Authorizer, values: list[str]) -> _Key:
    # The sources too: two authorizers may ask one function about other parts of a request.
    return authorizer.function, authorizer.identity_source, tuple(values)


class HttpAuthorizers:
    """The authorizers of an HTTP API; verdicts are kept by their identity sources alone."""

    def __init__(
        self,
        invoker: Invoker,
        *,
        seconds: float,
        entries: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._invoker = invoker
        self._seconds = seconds
        self._entries = entries
        self._clock = clock
        self._kept: OrderedDict[_Key, tuple[float, Verdict]] = OrderedDict()

    def kept(self, authorizer: Authorizer, values: list[str]) -> Verdict | None:
        """The verdict of an earlier call with the same identity, while it is valid."""
        key = _key(authorizer, values)
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[1]

    async def ask(self, authorizer: Authorizer, values: list[str], event: Event) -> Verdict:
        """Invoke the function and keep its verdict, also a denial, for the authorizer's TTL.

        Raises:
            AuthorizerError: there is no verdict; then nothing is kept.
        """
        answer = await ask(self._invoker, authorizer.function, event, self._seconds)
        verdict = read_http_answer(answer)
        if authorizer.result_ttl_seconds:
            until = self._clock() + authorizer.result_ttl_seconds
            self._kept[_key(authorizer, values)] = until, verdict
            if len(self._kept) > self._entries:
                self._kept.popitem(last=False)
        return verdict
