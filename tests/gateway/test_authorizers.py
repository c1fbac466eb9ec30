"""Authorizers: identity sources, answers of both forms, and the cache."""

import asyncio
from typing import Any

import pytest

from gateway.authorizer_form import Authorizer
from gateway.authorizers import (
    AuthorizerFailed,
    Forbidden,
    HttpAuthorizers,
    Unauthorized,
    Verdict,
    ask,
    identities,
    read_http_answer,
    read_websocket_answer,
)
from gateway.invoker import Event, FunctionError, FunctionTimedOut

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/a"


def policy(effect: str = "Allow", resource: Any = ARN, action: Any = "execute-api:Invoke") -> Any:
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


class FakeAuthorizer:
    """Answers what it is told, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked = 0

    async def invoke(self, function: str, event: Event) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


ALLOW = {"isAuthorized": True, "context": {"userId": "u", "roles": ["a"]}}
TOKEN = Authorizer(function="auth.authorize", result_ttl_seconds=60)


def cache(answer: Any, entries: int = 10) -> tuple[HttpAuthorizers, FakeAuthorizer, FakeClock]:
    invoker, clock = FakeAuthorizer(answer), FakeClock()
    return HttpAuthorizers(invoker, seconds=1, entries=entries, clock=clock), invoker, clock


def test_a_verdict_is_kept_for_its_time() -> None:
    authorizers, _, clock = cache(ALLOW)
    asyncio.run(authorizers.ask(TOKEN, ["t"], {}))

    clock.seconds += 59.9
    assert authorizers.kept(TOKEN, ["t"]) is not None
    clock.seconds += 0.1
    assert authorizers.kept(TOKEN, ["t"]) is None


def test_a_denial_is_kept_too() -> None:
    authorizers, _, _ = cache({"isAuthorized": False})
    asyncio.run(authorizers.ask(TOKEN, ["t"], {}))

    kept = authorizers.kept(TOKEN, ["t"])

    assert kept is not None
    with pytest.raises(Forbidden):
        kept.admit(ARN)


def test_another_identity_or_function_has_another_verdict() -> None:
    authorizers, _, _ = cache(ALLOW)
    asyncio.run(authorizers.ask(TOKEN, ["t"], {}))

    assert authorizers.kept(TOKEN, ["T"]) is None
    assert authorizers.kept(Authorizer(function="auth.other"), ["t"]) is None
    elsewhere = TOKEN.model_copy(update={"identity_source": ("$request.querystring.ticket",)})
    assert authorizers.kept(elsewhere, ["t"]) is None


def test_without_ttl_nothing_is_kept() -> None:
    authorizers, _, _ = cache(ALLOW)
    never = Authorizer(function="auth.authorize", result_ttl_seconds=0)
    asyncio.run(authorizers.ask(never, ["t"], {}))

    assert authorizers.kept(never, ["t"]) is None


def test_a_failure_is_not_kept() -> None:
    authorizers, _, _ = cache(FunctionError("E", "broken"))
    with pytest.raises(AuthorizerFailed):
        asyncio.run(authorizers.ask(TOKEN, ["t"], {}))

    assert authorizers.kept(TOKEN, ["t"]) is None


def test_the_least_recently_used_verdict_goes_first() -> None:
    authorizers, _, _ = cache(ALLOW, entries=2)
    asyncio.run(authorizers.ask(TOKEN, ["a"], {}))
    asyncio.run(authorizers.ask(TOKEN, ["b"], {}))
    authorizers.kept(TOKEN, ["a"])
    asyncio.run(authorizers.ask(TOKEN, ["c"], {}))

    assert authorizers.kept(TOKEN, ["a"]) is not None
    assert authorizers.kept(TOKEN, ["b"]) is None


def test_each_caller_gets_a_context_of_its_own() -> None:
    verdict = read_http_answer(ALLOW)
    verdict.admit(ARN)["roles"].append("admin")

    assert verdict.admit(ARN) == {"userId": "u", "roles": ["a"]}


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (FunctionError("Exception", "Unauthorized"), Unauthorized),
        (FunctionError("Exception", "unauthorized"), AuthorizerFailed),
        (FunctionError("KeyError", "boom"), AuthorizerFailed),
        (FunctionTimedOut("late"), AuthorizerFailed),
        (RuntimeError("the invoker itself"), AuthorizerFailed),
    ],
)
def test_what_an_error_of_the_authorizer_means(
    raised: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        asyncio.run(ask(FakeAuthorizer(raised), "auth.authorize", {}, 1))


@pytest.mark.parametrize(
    "answer", [None, "yes", {}, {"isAuthorized": "true"}, {"isAuthorized": True, "context": []}]
)
def test_a_malformed_answer_is_a_failure(answer: Any) -> None:
    with pytest.raises(AuthorizerFailed):
        read_http_answer(answer)


def admitted(document: Any) -> Any:
    return Verdict(False, document, "{}").admit(ARN)


@pytest.mark.parametrize(
    "document",
    [
        policy(),
        policy(resource="*"),
        policy(resource=["x", "arn:aws:execute-api:*:*:api/?default/*"]),
        policy(action="*"),
        policy(action=["execute-api:*"]),
        {"Statement": policy()["Statement"][0]},
    ],
)
def test_a_policy_that_allows(document: Any) -> None:
    assert admitted(document) == {}


@pytest.mark.parametrize(
    "document",
    [
        policy("Deny"),
        policy(resource=ARN + "/b"),
        policy(resource=ARN.replace("$default", "[$]default")),
        policy(resource=ARN.replace(":", ".")),
        policy(action="s3:GetObject"),
        {"Statement": policy()["Statement"] + policy("Deny", "*")["Statement"]},
        {"Statement": []},
    ],
)
def test_a_policy_that_denies(document: Any) -> None:
    with pytest.raises(Forbidden):
        admitted(document)


@pytest.mark.parametrize("document", ["", [], {}, policy("Maybe"), policy(resource=3)])
def test_a_malformed_policy_is_a_failure(document: Any) -> None:
    with pytest.raises(AuthorizerFailed):
        admitted(document)


def websocket_answer(**more: Any) -> Any:
    return {"principalId": "u", "policyDocument": policy(), **more}


def test_a_websocket_authorizers_answer() -> None:
    context = {"userId": "u", "level": 3, "admin": True}

    read = read_websocket_answer(websocket_answer(context=context), ARN, 8192)

    assert read == ("u", context)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"isAuthorized": True},
        {"policyDocument": policy()},
        {"principalId": "u"},
        websocket_answer(context={"nested": {}}),
        websocket_answer(context={"none": None}),
        websocket_answer(context={"big": "x" * 8192}),
    ],
)
def test_a_malformed_websocket_answer_is_a_failure(answer: Any) -> None:
    with pytest.raises(AuthorizerFailed):
        read_websocket_answer(answer, ARN, 8192)


def test_a_websocket_policy_that_denies() -> None:
    with pytest.raises(Forbidden):
        read_websocket_answer(websocket_answer(policyDocument=policy("Deny")), ARN, 8192)


HEADERS = {"authorization": "Bearer t", "x-empty": ""}


def test_identities_come_in_the_order_of_their_sources() -> None:
    sources = ("$request.querystring.key", "$request.header.Authorization")

    assert identities(sources, HEADERS, "key=k&x=y") == ["k", "Bearer t"]
    # The same, as WebSocket APIs spell it.
    sources = ("route.request.querystring.key", "route.request.header.Authorization")
    assert identities(sources, HEADERS, "key=k&x=y") == ["k", "Bearer t"]


@pytest.mark.parametrize(
    "source",
    [
        "$request.header.X-Empty",
        "$request.header.X-Missing",
        "$request.querystring.Key",
        "route.request.header.X-Missing",
        "route.request.querystring.Key",
    ],
)
def test_a_missing_identity_is_unauthorized(source: str) -> None:
    with pytest.raises(Unauthorized):
        identities((source,), HEADERS, "key=k")
