"""Events of HTTP APIs have the fields, types and values that AWS gives."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    ApiGatewayAuthorizerRequestV2,
    APIGatewayProxyEventV2Model,
)

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


def full() -> Event:
    more = [
        (b"content-type", b"application/json"),
        (b"content-length", b"2"),
        (b"authorization", b"Bearer t"),
        (b"x-repeat", b"first"),
        (b"x-repeat", b"second"),
        (b"cookie", b"sid=abc; theme=dark"),
    ]
    event = request("POST", headers=USUAL + more, query=FULL_QUERY)
    context = {"userId": "u-1", "level": 3, "admin": True, "roles": ["a", "b"]}
    return http_events.function_event(event, '"λ"'.encode(), context)


def test_a_minimal_event_leaves_out_what_is_absent() -> None:
    event = request(path="/health", route="/health")

    assert shape(http_events.function_event(event, b"", None)) == shapes.HTTP_MINIMAL


def test_a_full_event_has_every_field() -> None:
    assert shape(full()) == shapes.HTTP_FULL


@pytest.mark.parametrize("build", [full, request])
def test_powertools_reads_the_event(build: Any) -> None:
    event = build()
    event.setdefault("isBase64Encoded", False)

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


def authorizer() -> Event:
    more = [(b"authorization", b"Bearer t"), (b"cookie", b"sid=abc")]
    event = request(path="/v1/list", route="/v1/list", headers=USUAL + more, query=b"limit=5")
    return http_events.authorizer_event(event, ["Bearer t"])


def test_an_authorizers_event() -> None:
    event = authorizer()

    assert shape(event) == shapes.HTTP_AUTHORIZER
    assert event["identitySource"] == ["Bearer t"]
    assert event["routeArn"].endswith("/$default/GET/v1/list")
    ApiGatewayAuthorizerRequestV2.model_validate(event)
