"""Events of HTTP APIs have the fields, types and values that AWS gives."""

from collections.abc import Iterable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    ApiGatewayAuthorizerRequestV2,
    APIGatewayProxyEventV2Model,
)
from hypothesis import example, given
from hypothesis import strategies as st

from gateway import http_events
from gateway.endpoint import Endpoint
from gateway.invoker import Event
from gateway.routing import Router
from gateway.spec import Operation
from tests.gateway import shapes
from tests.gateway.shapes import shape

ENDPOINT = Endpoint.parse("https://api.example.com")
NOW = 1767608430.1239
USUAL = [
    (b"host", b"other.example"),
    (b"accept", b"*/*"),
    (b"user-agent", b"client/1.0"),
]
FULL_QUERY = b"tag=a&tag=b&space=x%20y&plus=a+b&encodedPlus=a%2Bb&empty="


def request(
    method: str = "GET",
    path: str = "/v1/users/u%201",
    *,
    headers: list[tuple[bytes, bytes]] | None = None,
    query: bytes = b"",
    route: str = "/v1/users/{userId}",
) -> Event:
    scope: dict[str, Any] = {
        "method": method,
        "path": path.replace("%20", " "),
        "raw_path": path.encode(),
        "query_string": query,
        "http_version": "1.1",
        "headers": USUAL if headers is None else headers,
        "client": ("192.0.2.10", 5000),
    }
    match = Router([Operation(method, route, "f.f", None)]).match(method, path)
    assert match is not None
    head = http_events.parse_head(scope)
    return http_events.request_event(scope, head, *match, ENDPOINT, "REQUEST-ID=", NOW)


MORE = [
    (b"content-type", b"application/json"),
    (b"content-length", b"2"),
    (b"authorization", b"Bearer t"),
    (b"x-repeat", b"first"),
    (b"x-repeat", b"second"),
]
COOKIES = (b"cookie", b"sid=abc; theme=dark")
PARTS = list(shapes.HTTP_PARTS)


def request_with(parts: Iterable[str]) -> Event:
    """A request that has these of the `shapes.HTTP_PARTS`."""
    parts = set(parts)
    return request(
        "POST",
        path="/v1/users/u%201" if "parameters" in parts else "/v1/users",
        route="/v1/users/{userId}" if "parameters" in parts else "/v1/users",
        headers=USUAL
        + (MORE if "headers" in parts else [])
        + ([COOKIES] if "cookies" in parts else []),
        query=FULL_QUERY if "query" in parts else b"",
    )


def event_with(parts: Iterable[str]) -> Event:
    parts = set(parts)
    context = {"userId": "u-1", "level": 3, "admin": True, "roles": ["a", "b"]}
    body = '"λ"'.encode() if "body" in parts else b""
    event = request_with(parts)
    return http_events.function_event(event, body, context if "authorizer" in parts else None)


def full() -> Event:
    return event_with(PARTS)


@given(st.sets(st.sampled_from(PARTS)))
@example(set())
@example(set(PARTS))
def test_an_event_has_the_fields_of_what_there_is_and_no_others(parts: set[str]) -> None:
    event = event_with(parts)

    assert shape(event) == shapes.http_event(*parts)
    APIGatewayProxyEventV2Model.model_validate(event)


def test_a_binary_body_changes_no_field() -> None:
    more = [(b"content-type", b"application/octet-stream"), (b"content-length", b"4")]
    event = request("POST", "/v1/blob", headers=USUAL + more, route="/v1/blob")
    event = http_events.function_event(event, b"\x00\xff\x01\xfe", None)

    headers = shapes.HTTP_HEADERS | shapes.texts("content-type")
    assert shape(event) == shapes.HTTP_MINIMAL | {"headers": headers, "body": "str"}
    assert (event["body"], event["isBase64Encoded"]) == ("AP8B/g==", True)
    APIGatewayProxyEventV2Model.model_validate(event)


def test_the_values() -> None:
    event = full()

    assert event["routeKey"] == "POST /v1/users/{userId}"
    assert event["rawPath"] == "/v1/users/u 1"
    assert event["rawQueryString"] == FULL_QUERY.decode()
    assert event["queryStringParameters"] == {
        "tag": "a,b",
        "space": "x y",
        "plus": "a b",
        "encodedPlus": "a+b",
        "empty": "",
    }
    assert event["pathParameters"] == {"userId": "u 1"}
    assert event["cookies"] == ["sid=abc", "theme=dark"]
    assert event["headers"]["x-repeat"] == "first,second"
    assert "cookie" not in event["headers"]
    assert event["body"] == '"λ"'
    context = event["requestContext"]
    assert context["time"] == "05/Jan/2026:10:20:30 +0000"
    assert context["timeEpoch"] == 1767608430123
    assert context["http"]["path"] == "/v1/users/u 1"
    assert context["authorizer"]["lambda"]["level"] == 3


def test_the_address_is_the_gateways_own_whatever_the_client_says() -> None:
    forged = [*USUAL, (b"x-forwarded-proto", b"gopher"), (b"x-forwarded-port", b"1")]
    event = request(headers=forged)

    assert event["requestContext"]["domainName"] == "api.example.com"
    assert event["requestContext"]["domainPrefix"] == "api"
    assert event["headers"]["host"] == "other.example"
    assert event["headers"]["x-forwarded-proto"] == "https"
    assert event["headers"]["x-forwarded-port"] == "443"


def test_a_forwarded_address_is_kept_before_the_peers() -> None:
    event = request(headers=[*USUAL, (b"x-forwarded-for", b"198.51.100.7")])

    assert event["headers"]["x-forwarded-for"] == "198.51.100.7, 192.0.2.10"
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.10"


def test_headers_of_the_connection_stay_behind() -> None:
    event = request(headers=[*USUAL, (b"connection", b"close"), (b"transfer-encoding", b"x")])

    assert not {"connection", "transfer-encoding"} & set(event["headers"])


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "encoded"),
    [
        (b"application/json", b"{}", "{}", False),
        (b"application/problem+json; charset=utf-8", b"{}", "{}", False),
        (b"text/plain", "grün".encode(), "grün", False),
        (b"text/plain", b"\xff", "/w==", True),
        (b"application/json", b"\x00\xff", "AP8=", True),
        (b"application/octet-stream", b"text", "dGV4dA==", True),
        (b"image/png", b"\x89PNG", "iVBORw==", True),
        (None, b"text", "text", False),
    ],
)
def test_a_body_is_text_or_base64(
    content_type: bytes | None, body: bytes, expected: str, encoded: bool
) -> None:
    headers = USUAL + ([(b"content-type", content_type)] if content_type else [])

    event = http_events.function_event(request("POST", headers=headers), body, None)

    assert (event["body"], event["isBase64Encoded"]) == (expected, encoded)


@given(st.sets(st.sampled_from(["headers", "cookies", "query", "parameters"])))
def test_an_authorizers_event(parts: set[str]) -> None:
    event = http_events.authorizer_event(request_with(parts), ["Bearer t"])

    assert shape(event) == shapes.http_authorizer(*parts)
    assert event["identitySource"] == ["Bearer t"]
    assert "/$default/POST/v1/users" in event["routeArn"]
    ApiGatewayAuthorizerRequestV2.model_validate(event)


def head(*headers: tuple[bytes, bytes], query: bytes = b"") -> dict[str, Any]:
    return {"method": "GET", "raw_path": b"/x", "query_string": query, "headers": list(headers)}


def test_the_size_of_a_head_is_its_line_and_the_values_of_its_headers() -> None:
    headers = ((b"one", b"1234"), (b"two", b""), (b"two", b"56"))

    assert http_events.head_size(head(*headers)) == len("GET /x HTTP/1.1") + 6
    assert http_events.head_size(head(*headers, query=b"a=b")) == len("GET /x?a=b HTTP/1.1") + 6
    handshake = {name: value for name, value in head(*headers).items() if name != "method"}
    assert http_events.head_size(handshake) == http_events.head_size(head(*headers))


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b", b"host"]), st.sampled_from([b"", b"1"]))))
def test_repeated_headers_are_joined_in_their_order(headers: list[tuple[bytes, bytes]]) -> None:
    joined = http_events.parse_head(head(*headers)).headers

    assert joined == {
        name.decode(): b",".join(value for each, value in headers if each == name).decode()
        for name, _ in headers
    }
