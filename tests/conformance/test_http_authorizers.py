"""Lambda authorizers of an HTTP API."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aws_lambda_powertools.utilities.parser.models import ApiGatewayAuthorizerRequestV2

from tests.conformance.raw_http import send
from tests.conformance.sockets import Witness
from tests.conformance.stack import Stack
from tests.gateway import shapes
from tests.gateway.shapes import shape

ADMIT = {"form": "simple", "allow": True}


def get(full: Stack, path: str, order: dict[str, Any] | None) -> httpx.Response:
    headers = {} if order is None else {"authorization": json.dumps(order)}
    return full.http.get(path, headers=headers)


def nonce(full: Stack, path: str, order: dict[str, Any]) -> str:
    """What the authorizer's answer is known by: kept answers have the same one."""
    event = get(full, path, order).json()
    found: str = event["requestContext"]["authorizer"]["lambda"]["nonce"]
    return found


@pytest.mark.line("HTTP-8a", "HTTP-7d")
def test_a_missing_identity_is_unauthorized_without_asking(full: Stack, witness: Witness) -> None:
    refused = [
        full.http.get("/private"),
        full.http.get("/private", headers={"authorization": ""}),
        get(full, "/private/two-sources", {**ADMIT, "witness": witness.id, "n": 1}),
    ]
    for response in refused:
        assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    # The first that the witness hears of is the one whose identity is complete.
    get(full, "/private/two-sources?room=1", {**ADMIT, "witness": witness.id, "n": 2})
    told = witness.told("authorizer")
    assert told["rawQueryString"] == "room=1"
    assert json.loads(told["identitySource"][0])["n"] == 2


@pytest.mark.line("HTTP-8b", "HTTP-7e")
@pytest.mark.parametrize("form", ["simple", "policy"])
def test_a_denial_is_forbidden(full: Stack, form: str) -> None:
    response = get(full, "/private", {"form": form, "allow": False})
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})


@pytest.mark.line("HTTP-8c")
@pytest.mark.parametrize(
    "order",
    [
        {"do": "raise"},
        {"do": "answer", "answer": "yes"},
        {"do": "answer", "answer": {"isAuthorized": "yes"}},
        {"do": "answer", "answer": {"principalId": "p", "policyDocument": {"Statement": "all"}}},
    ],
)
def test_an_authorizer_that_fails_or_answers_nonsense_is_an_internal_error(
    full: Stack, order: dict[str, Any]
) -> None:
    response = get(full, "/private", order)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.line("HTTP-8d")
def test_answers_are_kept_by_the_identity_and_by_nothing_else(full: Stack) -> None:
    order = {**ADMIT, "n": uuid4().hex}
    first = nonce(full, "/private?query=1", order)
    assert nonce(full, "/private?query=2", order) == first
    assert nonce(full, "/private", {**order, "n": uuid4().hex}) != first
    # The route is no part of the key; the second source of another authorizer is.
    headers = {"authorization": json.dumps(order)}
    posted = full.http.post("/private", headers=headers).json()
    assert posted["requestContext"]["authorizer"]["lambda"]["nonce"] == first
    one = nonce(full, "/private/two-sources?room=1", order)
    assert nonce(full, "/private/two-sources?room=1&more=1", order) == one
    assert nonce(full, "/private/two-sources?room=2", order) != one


@pytest.mark.line("HTTP-8d")
def test_a_kept_policy_speaks_about_the_route_that_it_was_asked_for(full: Stack) -> None:
    order = {"form": "policy", "allow": True, "n": uuid4().hex}
    assert get(full, "/private", order).status_code == 200
    headers = {"authorization": json.dumps(order)}
    assert full.http.post("/private", headers=headers).status_code == 403


@pytest.mark.line("HTTP-8d")
def test_without_time_to_live_the_authorizer_is_asked_each_time(full: Stack) -> None:
    path = "/private/asked-always"
    assert nonce(full, path, ADMIT) != nonce(full, path, ADMIT)


@pytest.mark.line("HTTP-8e")
@pytest.mark.parametrize("form", ["simple", "policy"])
def test_both_forms_of_an_answer_admit(full: Stack, form: str) -> None:
    assert get(full, "/private", {"form": form, "allow": True}).status_code == 200


@pytest.mark.line("HTTP-8f")
def test_the_authorizer_s_event_has_the_fields_of_aws(full: Stack, witness: Witness) -> None:
    order = json.dumps({**ADMIT, "witness": witness.id})
    headers = [
        ("accept", "*/*"),
        ("user-agent", "client/1.0"),
        ("content-type", "application/json"),
        ("authorization", order),
        ("x-repeat", "first"),
        ("cookie", "sid=abc"),
    ]
    query = "tag=a&space=x%20y&plus=a+b&encodedPlus=a%2Bb&empty="
    assert send(full.http_url, "GET", f"/private?{query}", headers).status == 200
    event = witness.told("authorizer")
    assert shape(event) == shapes.http_authorizer("headers", "cookies", "query")
    ApiGatewayAuthorizerRequestV2.model_validate(event)
    assert (event["version"], event["type"]) == ("2.0", "REQUEST")
    assert event["routeArn"].endswith("/$default/GET/private")
    assert event["identitySource"] == [order]


@pytest.mark.line("HTTP-8g")
def test_an_authorizer_may_say_that_it_does_not_know_the_caller(full: Stack) -> None:
    response = get(full, "/private", {"do": "refuse"})
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.line("HTTP-9")
def test_the_context_keeps_its_types(full: Stack) -> None:
    context = {
        "text": "a",
        "number": 3,
        "part": 0.5,
        "yes": True,
        "list": ["a", 1],
        "map": {"k": 1},
    }
    event = get(full, "/private", {**ADMIT, "context": context}).json()
    given = event["requestContext"]["authorizer"]["lambda"]
    given.pop("nonce")
    assert given == context
