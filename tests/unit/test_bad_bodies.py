"""Bodies that make no sense: each is a 4xx problem that names the field, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.function import Function
from belfry.model import Role
from functions.auth import login, register
from functions.notifications import create, mark
from tests.fakes import Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event

REGISTRATION = {"username": "Cyd", "email": "cyd@example.com", "password": "correct horse"}
CREDENTIALS = {"email": "ada@example.com", "password": "secret of ada"}
NEW = {"message": "Hello", "userId": ADA}
MARK = {"read": True}

ENDPOINTS: dict[str, tuple[Function[dict[str, Any]], dict[str, Any]]] = {
    "register": (register.handler, REGISTRATION),
    "login": (login.handler, CREDENTIALS),
    "create": (create.handler, NEW),
    "mark": (mark.handler, MARK),
}
OPERATOR = {"$gt": ""}
NAN = float("nan")


def post(fakes: Fakes, endpoint: str, body: Any) -> Answer:
    handler, _ = ENDPOINTS[endpoint]
    event = http_event("POST", "/api/x", body=body, caller=BOB, role=Role.ADMIN, id_="1")
    return call(handler, event, fakes.deps())


def refused(fakes: Fakes, endpoint: str, body: Any) -> Answer:
    """The answer, after making sure that nothing was stored, sent or let in."""
    people = list(fakes.users.all())
    answer = post(fakes, endpoint, body)
    assert list(fakes.users.all()) == people
    assert fakes.memory.tables.notifications == {}
    assert fakes.queue.published == []
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["status"] == answer.status
    return answer


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


# What is no JSON object, whatever the endpoint. The pointer "" is the whole body (RFC 6901).
@pytest.mark.parametrize("endpoint", list(ENDPOINTS))
@pytest.mark.parametrize(
    "body",
    [
        "{",
        "null",
        "[]",
        '"text"',
        "1",
        "NaN",
        "{}{}",
        "{'a': 1}",
        '{"a": "\\ud800"}',
        '{"a": "\\udc00\\ud800"}',
        '{"\\ud800": 1}',
        '{"a": "\x01"}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + deep(5000) + "}",
        b"\xff\xfe",
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xc3"}',
        '{"a": 1}'.encode("utf-16"),
        b"\x00",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_no_json_object(fakes: Fakes, endpoint: str, body: str | bytes) -> None:
    answer = refused(fakes, endpoint, body)
    assert (answer.status, answer.pointers()) == (400, [""])


@pytest.mark.parametrize("endpoint", list(ENDPOINTS))
@pytest.mark.parametrize("name", ["extra", "__proto__", "$where", "user_id", "a/b~c", "a\0", "ü"])
def test_an_unknown_field(fakes: Fakes, endpoint: str, name: str) -> None:
    answer = refused(fakes, endpoint, {**ENDPOINTS[endpoint][1], name: 1})
    escaped = name.replace("~", "~0").replace("/", "~1")
    assert (answer.status, answer.pointers()) == (400, [f"/{escaped}"])


@pytest.mark.parametrize("endpoint", list(ENDPOINTS))
def test_a_body_that_is_too_large(fakes: Fakes, endpoint: str) -> None:
    answer = refused(fakes, endpoint, json.dumps(ENDPOINTS[endpoint][1]) + " " * 65_536)
    assert (answer.status, answer.body["type"]) == (413, "urn:belfry:problem:too-large")


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [(name, field) for name, (_, body) in ENDPOINTS.items() for field in body],
)
@pytest.mark.parametrize("value", [OPERATOR, [], {}, None, 1, 1.5, NAN, 10**300])
def test_a_value_of_another_type(fakes: Fakes, endpoint: str, field: str, value: Any) -> None:
    answer = refused(fakes, endpoint, {**ENDPOINTS[endpoint][1], field: value})
    assert (answer.status, answer.pointers()) == (400, [f"/{field}"])


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [(name, field) for name in ("register", "login", "create") for field in ENDPOINTS[name][1]],
)
def test_a_field_that_is_missing(fakes: Fakes, endpoint: str, field: str) -> None:
    body = {name: value for name, value in ENDPOINTS[endpoint][1].items() if name != field}
    answer = refused(fakes, endpoint, body)
    assert (answer.status, answer.pointers()) == (400, [f"/{field}"])


@pytest.mark.parametrize("body", [None, "", {}])
@pytest.mark.parametrize("endpoint", ["register", "login", "create"])
def test_an_empty_body_tells_what_is_missing(fakes: Fakes, endpoint: str, body: Any) -> None:
    answer = refused(fakes, endpoint, body)
    assert answer.status == 400
    assert answer.pointers() == [f"/{field}" for field in ENDPOINTS[endpoint][1]]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"username": ""}, "/username"),
        ({"username": " \t\n"}, "/username"),
        ({"username": "x" * 65}, "/username"),
        ({"username": "a\0b"}, "/username"),
        ({"email": ""}, "/email"),
        ({"email": "ada"}, "/email"),
        ({"email": "@example.com"}, "/email"),
        ({"email": "ada@"}, "/email"),
        ({"email": "a@b@c"}, "/email"),
        ({"email": "a b@example.com"}, "/email"),
        ({"email": "a\r\nbcc:x@example.com"}, "/email"),
        ({"email": "ada@exam\u200bple.com"}, "/email"),
        ({"email": "ada\0@example.com"}, "/email"),
        ({"email": "a" * 251 + "@x.y"}, "/email"),
        ({"password": "1234567"}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"password": "12345678\0"}, "/password"),
        ({"password": "cyd@example.com"}, "/password"),
        ({"password": " CYD@EXAMPLE.COM "}, "/password"),
        ({"username": "Clara Doe", "password": "clara doe"}, "/password"),
        ({"email": "clara.doe@example.com", "password": "Clara.Doe"}, "/password"),
    ],
)
def test_a_registration_against_the_rules(
    fakes: Fakes, changes: dict[str, str], pointer: str
) -> None:
    answer = refused(fakes, "register", {**REGISTRATION, **changes})
    assert (answer.status, answer.pointers()) == (400, [pointer])


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"email": ""}, "/email"),
        ({"email": "x" * 255}, "/email"),
        ({"email": "ada@example.com\0"}, "/email"),
        ({"password": ""}, "/password"),
        ({"password": "x" * 129}, "/password"),
        ({"password": "secret of ada\0"}, "/password"),
    ],
)
def test_credentials_against_the_rules(fakes: Fakes, changes: dict[str, str], pointer: str) -> None:
    answer = refused(fakes, "login", {**CREDENTIALS, **changes})
    assert (answer.status, answer.pointers()) == (400, [pointer])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("userId", ""),
        ("userId", "x" * 65),
        ("userId", "a\0"),
        ("message", ""),
        ("message", "   \n\u2003"),
        ("message", "Hello\0"),
        ("message", "x" * 32_769),
        ("title", ""),
        ("title", " "),
        ("title", "x" * 201),
        ("title", "\0"),
        ("category", "x" * 65),
        ("category", OPERATOR),
        ("priority", 0),
        ("priority", 6),
        ("priority", -1),
        ("priority", "3"),
        ("priority", 3.0),
        ("priority", True),
        ("priority", 10**400),
        ("priority", NAN),
        ("link", ""),
        ("link", "javascript:alert(1)"),
        ("link", "JaVaScRiPt:alert(1)"),
        ("link", " javascript:alert(1)"),
        ("link", "java\tscript:alert(1)"),
        ("link", "data:text/html,<script>"),
        ("link", "vbscript:x"),
        ("link", "//evil.example.com"),
        ("link", "/\\evil.example.com"),
        ("link", "https://x.example.com/a b"),
        ("link", "https://x.example.com/\0"),
        ("link", "https://x.example.com/\u202e"),
        ("link", "relative/path"),
        ("link", "https://x.example.com/" + "x" * 2048),
        ("data", []),
        ("data", "text"),
        ("data", {"x": NAN}),
        ("data", {"x": [{"y": float("inf")}]}),
        ("data", {"x": float("-inf")}),
    ],
)
def test_a_notification_against_the_rules(fakes: Fakes, field: str, value: Any) -> None:
    answer = refused(fakes, "create", {**NEW, field: value})
    assert (answer.status, answer.pointers()) == (400, [f"/{field}"])


def test_a_number_too_large_for_any_float(fakes: Fakes) -> None:
    answer = refused(fakes, "create", '{"userId": "ada", "message": "x", "data": {"x": 1e999}}')
    assert (answer.status, answer.pointers()) == (400, ["/data"])


@pytest.mark.parametrize("changes", [{"data": {"x": "y" * 32_760}}, {"message": "ü" * 20_000}])
def test_content_that_is_too_large_together(fakes: Fakes, changes: dict[str, Any]) -> None:
    answer = refused(fakes, "create", json.dumps({**NEW, **changes}, ensure_ascii=False))
    assert (answer.status, answer.pointers()) == (400, [""])
    assert "at most 32768" in answer.body["detail"]


def test_every_wrong_field_is_named_at_once(fakes: Fakes) -> None:
    answer = refused(fakes, "create", {"userId": 1, "message": "", "priority": 9, "x": 1})
    assert set(answer.pointers()) == {"/userId", "/message", "/priority", "/x"}


@pytest.mark.parametrize("value", ["true", 0, 1, "yes", None, OPERATOR])
def test_a_mark_that_is_neither_true_nor_false(fakes: Fakes, value: Any) -> None:
    answer = refused(fakes, "mark", {"read": value})
    assert (answer.status, answer.pointers()) == (400, ["/read"])


def test_a_password_is_in_no_problem(fakes: Fakes) -> None:
    for body in ({**REGISTRATION, "email": "x"}, {**REGISTRATION, "password": "horse\0staple"}):
        text = json.dumps(refused(fakes, "register", body).body)
        assert "horse" not in text


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
fields = st.sampled_from(["userId", "message", "title", "priority", "link", "data", "email", "x"])


@pytest.mark.parametrize("endpoint", list(ENDPOINTS))
@given(body=st.binary(max_size=60) | st.dictionaries(fields, anything).map(json.dumps))
def test_whatever_is_sent_is_answered(endpoint: str, body: str | bytes) -> None:
    assert post(Fakes(), endpoint, body).status in {201, 400, 401, 404, 422}
