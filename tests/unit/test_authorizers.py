"""auth.authorize and auth.authorize_websocket, and the ticket between them."""

from __future__ import annotations

from typing import Any

import pytest

from belfry.model import Caller, Role
from functions.auth import authorize, authorize_websocket
from functions.realtime import tickets
from tests.fakes import Fakes
from tests.unit.events import ADA, call, http_event

METHOD_ARN = "arn:aws:execute-api:us-east-1:000000000001:api/ws/$connect"


def token(fakes: Fakes) -> str:
    stored = fakes.users.by_email("ada@example.com")
    assert stored
    return fakes.tokens.issue(stored.user)[0]


def http(fakes: Fakes, headers: dict[str, str] | None = None) -> Any:
    event: dict[str, Any] = {"version": "2.0", "type": "REQUEST"}
    if headers is not None:
        event["headers"] = headers
    return authorize.handler.using(fakes.deps())(event, None)


def websocket(
    fakes: Fakes, headers: dict[str, str] | None = None, query: dict[str, str] | None = None
) -> Any:
    event: dict[str, Any] = {"type": "REQUEST", "methodArn": METHOD_ARN}
    event["headers"] = {**(headers or {}), "X-Forwarded-Proto": "http"}
    if query is not None:
        event["queryStringParameters"] = query
    return authorize_websocket.handler.using(fakes.deps())(event, None)


def ticket(fakes: Fakes) -> str:
    answer = call(tickets.handler, http_event("POST", "/api/realtime/tickets"), fakes.deps())
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body["expiresIn"] == 30
    made: str = answer.body["ticket"]
    return made


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_opens_the_http_api(fakes: Fakes, scheme: str) -> None:
    assert http(fakes, {"authorization": f"{scheme} {token(fakes)}"}) == {
        "isAuthorized": True,
        "context": {"userId": ADA, "role": "user", "expiresAt": 1767615300},
    }


@pytest.mark.parametrize("name", ["Authorization", "authorization"])
def test_a_token_opens_the_websocket(fakes: Fakes, name: str) -> None:
    answer = websocket(fakes, {name: f"Bearer {token(fakes)}"})
    assert answer["principalId"] == ADA
    assert answer["context"] == {"role": "user", "scheme": "http"}
    [statement] = answer["policyDocument"]["Statement"]
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": METHOD_ARN,
    }


BAD_HEADERS = [
    {},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer "},
    {"authorization": "Bearer unknown"},
    {"authorization": "Basic YWRhOnNlY3JldA=="},
    {"authorization": "Bearer ü\xa0"},
    {"x-authorization": "Bearer token 0"},
]


@pytest.mark.parametrize("headers", BAD_HEADERS)
@pytest.mark.parametrize("ask", [http, websocket])
def test_whatever_is_no_token_is_answered_401(
    fakes: Fakes, ask: Any, headers: dict[str, str]
) -> None:
    # API Gateway answers 401 to exactly this text.
    token(fakes)
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        ask(fakes, headers)


def test_no_headers_at_all_are_answered_401(fakes: Fakes) -> None:
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        http(fakes)


@pytest.mark.parametrize("ask", [http, websocket])
def test_an_expired_token_is_answered_401(fakes: Fakes, ask: Any) -> None:
    headers = {"authorization": f"Bearer {token(fakes)}"}
    ask(fakes, headers)
    fakes.clock.advance(900)
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        ask(fakes, headers)


def test_a_ticket_opens_one_websocket(fakes: Fakes) -> None:
    query = {"ticket": ticket(fakes)}
    assert websocket(fakes, query=query)["principalId"] == ADA
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        websocket(fakes, query=query)


def test_a_ticket_ends_after_30_seconds(fakes: Fakes) -> None:
    query = {"ticket": ticket(fakes)}
    fakes.clock.advance(30)
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        websocket(fakes, query=query)


def test_a_ticket_keeps_the_role_of_its_owner(fakes: Fakes) -> None:
    event = http_event("POST", "/api/realtime/tickets", role=Role.ADMIN)
    made = call(tickets.handler, event, fakes.deps()).body["ticket"]
    assert fakes.tickets.redeem(made, fakes.clock()) == Caller(ADA, Role.ADMIN)


def test_tickets_cannot_be_guessed(fakes: Fakes) -> None:
    made = {ticket(fakes) for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) >= 40 for each in made)


@pytest.mark.parametrize("value", ["unknown", "\0", "ü", "x" * 5000])
def test_a_ticket_that_is_none_is_answered_401(fakes: Fakes, value: str) -> None:
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        websocket(fakes, query={"ticket": value})


def test_a_wrong_ticket_is_not_made_good_by_a_token(fakes: Fakes) -> None:
    headers = {"authorization": f"Bearer {token(fakes)}"}
    with pytest.raises(Exception, match=r"\AUnauthorized\Z"):
        websocket(fakes, headers, {"ticket": "unknown"})


def test_a_store_that_is_down_is_not_taken_for_a_bad_ticket(fakes: Fakes) -> None:
    made = ticket(fakes)
    fakes.memory.down = True
    with pytest.raises(Exception, match="database"):
        websocket(fakes, query={"ticket": made})
