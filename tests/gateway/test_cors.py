"""CORS, as the gateway itself answers it."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cors import CorsPolicy
from gateway.cors_form import Cors
from gateway.invoker import Event
from gateway.responses import HttpAnswer
from tests.gateway.served import Function, Served, serving

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /call:
    get: { operationId: f.call }
    options: { operationId: f.options }
  /fail: { get: { operationId: f.fail } }
  /secret:
    x-amazon-apigateway-any-method: { operationId: f.secret, security: [{ bearer: [] }] }
components:
  securitySchemes:
    bearer: { type: http, scheme: bearer, x-authorizer: { function: auth.authorize } }
x-amazon-apigateway-cors:
  allowOrigins: ["https://www.example.com", "http://*"]
  allowMethods: [GET, POST]
  allowHeaders: [authorization, x-token]
  exposeHeaders: [date, x-one]
  allowCredentials: true
  maxAge: 300
"""
ORIGIN = "https://www.example.com"
ASKED = {"origin": ORIGIN, "access-control-request-method": "GET"}


def call(event: Event) -> Any:
    headers = {"Access-Control-Allow-Origin": "*", "access-control-max-age": "7", "x-one": "1"}
    return {"statusCode": 200, "headers": headers, "body": "answer"}


def fail(event: Event) -> Any:
    raise ValueError("boom")


FUNCTIONS: dict[str, Function] = {
    "f.call": call,
    "f.options": call,
    "f.fail": fail,
    "f.secret": call,
    "auth.authorize": lambda event: {"isAuthorized": True},
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(SPEC, FUNCTIONS) as served:
        yield served


def cors(response: Any) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in response.headers.items()
        if name.startswith(prefix)
    }


@pytest.mark.parametrize("path", ["/call", "/fail", "/nothing"])
@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:3000"])
def test_the_gateway_answers_preflight_requests(served: Served, path: str, origin: str) -> None:
    response = served.http.options(path, headers=ASKED | {"origin": origin})

    assert (response.status_code, response.content) == (204, b"")
    assert cors(response) == {
        "allow-origin": origin,
        "allow-credentials": "true",
        "expose-headers": "date,x-one",
        "allow-methods": "GET,POST",
        "allow-headers": "authorization,x-token",
        "max-age": "300",
    }
    assert not served.functions.events_of("f.options")


@pytest.mark.parametrize("origin", ["https://www.example.com.evil", "https://other", "null"])
def test_an_origin_that_is_not_allowed_gets_no_headers(served: Served, origin: str) -> None:
    preflight = served.http.options("/call", headers=ASKED | {"origin": origin})
    response = served.http.get("/call", headers={"origin": origin})

    assert (preflight.status_code, cors(preflight)) == (204, {})
    assert (response.status_code, cors(response)) == (200, {})


def test_the_functions_cors_headers_give_way_to_the_gateways(served: Served) -> None:
    plain = served.http.get("/call")
    crossing = served.http.get("/call", headers={"origin": ORIGIN})

    assert cors(plain) == {}
    assert cors(crossing) == {
        "allow-origin": ORIGIN,
        "allow-credentials": "true",
        "expose-headers": "date,x-one",
    }
    assert (crossing.text, crossing.headers["x-one"]) == ("answer", "1")


@pytest.mark.parametrize(("path", "status"), [("/fail", 500), ("/nothing", 404), ("/secret", 401)])
def test_a_browser_may_read_the_gateways_errors(served: Served, path: str, status: int) -> None:
    response = served.http.get(path, headers={"origin": ORIGIN})

    assert response.status_code == status
    assert cors(response)["allow-origin"] == ORIGIN


@pytest.mark.parametrize("missing", ["origin", "access-control-request-method"])
def test_other_options_requests_go_their_usual_way(missing: str) -> None:
    headers = {name: value for name, value in ASKED.items() if name != missing}
    with serving(SPEC, FUNCTIONS) as served:
        answer = served.http.options("/call", headers=headers)
        nothing = served.http.options("/fail", headers=headers)
        assert (answer.text, nothing.status_code) == ("answer", 404)
        assert cors(answer) == cors(nothing) == {}
        assert len(served.functions.events_of("f.options")) == 1


def test_the_authorizer_of_a_route_for_any_method_comes_before_the_preflight() -> None:
    with serving(SPEC, FUNCTIONS) as served:
        assert served.http.options("/secret", headers=ASKED).status_code == 401
        allowed = served.http.options("/secret", headers=ASKED | {"authorization": "x"})
        assert (allowed.status_code, cors(allowed)["max-age"]) == (204, "300")
        assert not served.functions.events_of("f.secret")


@pytest.mark.parametrize(("security", "status"), [("", 204), (", security: [{ bearer: [] }]", 401)])
def test_the_default_route_leaves_preflight_requests_to_the_gateway(
    security: str, status: int
) -> None:
    default = f"x-amazon-apigateway-any-method: {{ operationId: f.default{security} }}"
    spec = SPEC.replace("paths:\n", f"paths:\n  /$default: {{ {default} }}\n")
    with serving(spec, FUNCTIONS | {"f.default": call}) as served:
        assert served.http.options("/other", headers=ASKED).status_code == status
        assert not served.functions.events_of("f.default")


@given(
    st.lists(st.sampled_from(["https://a", "http://b:1", "https://*", "http://*", "*"])),
    st.sampled_from(["https://a", "http://b:1", "http://b:12", "https://a.b", "ftp://a", "null"]),
)
def test_an_origin_is_allowed_as_a_whole_or_by_its_scheme(allowed: list[str], origin: str) -> None:
    policy = CorsPolicy(Cors(allow_origins=tuple(allowed)))
    scope = {"method": "GET", "headers": [(b"origin", origin.encode())]}

    answer = policy.dressed(scope, HttpAnswer(200, [], b""))

    scheme = origin.partition("://")[0] + "://*"
    fits = "*" in allowed or origin in allowed or scheme in allowed
    told = b"*" if "*" in allowed else origin.encode()
    assert answer.headers == ([(b"access-control-allow-origin", told)] if fits else [])


def test_any_origin_is_told_so() -> None:
    spec = SPEC.replace("http://*", "*").replace("  allowCredentials: true\n", "")
    with serving(spec, FUNCTIONS) as served:
        response = served.http.get("/call", headers={"origin": "https://anywhere"})

    assert cors(response)["allow-origin"] == "*"


def test_without_a_configuration_functions_answer_for_themselves() -> None:
    spec = SPEC[: SPEC.index("x-amazon-apigateway-cors")]
    with serving(spec, FUNCTIONS) as served:
        assert served.http.options("/fail", headers=ASKED).status_code == 404
        assert served.http.options("/call", headers=ASKED).text == "answer"
        assert cors(served.http.get("/call")) == {"allow-origin": "*", "max-age": "7"}
