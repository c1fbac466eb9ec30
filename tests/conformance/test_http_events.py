"""HTTP requests as functions see them: payload format 2.0."""

import json
import re
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model

from tests.conformance.raw_http import send
from tests.conformance.stack import Stack
from tests.gateway import shapes
from tests.gateway.shapes import shape

USUAL = [("accept", "*/*"), ("user-agent", "client/1.0")]
CALLER = json.dumps(
    {
        "form": "simple",
        "allow": True,
        "context": {"userId": "u", "level": 3, "admin": True, "roles": ["a"]},
    }
)


def event_of(full: Stack, target: str, *headers: tuple[str, str], **options: Any) -> dict[str, Any]:
    """The event of a GET with these headers beside the usual ones."""
    answer = send(
        full.http_url, options.pop("method", "GET"), target, [*USUAL, *headers], **options
    )
    assert answer.status == 200, answer.body
    event: dict[str, Any] = json.loads(answer.body)
    return event


@pytest.mark.line("HTTP-2d")
def test_the_least_event_has_the_fields_of_aws(full: Stack) -> None:
    event = event_of(full, "/echo")
    assert shape(event) == shapes.HTTP_MINIMAL
    APIGatewayProxyEventV2Model.model_validate(event)
    about = event["requestContext"]
    assert (event["version"], event["routeKey"], about["stage"]) == ("2.0", "ANY /echo", "$default")
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", about["time"])


@pytest.mark.line("HTTP-2d", "HTTP-9")
def test_the_fullest_event_has_the_fields_of_aws(full: Stack) -> None:
    body = b'{"title": "\xce\xbb"}'
    event = event_of(
        full,
        "/private?tag=a&space=x%20y&plus=a+b&encodedPlus=a%2Bb&empty=",
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        ("authorization", CALLER),
        ("x-repeat", "first"),
        ("x-repeat", "second"),
        ("cookie", "sid=abc; theme=dark"),
        method="POST",
        body=body,
    )
    event["requestContext"]["authorizer"]["lambda"].pop("nonce")
    parts = ("headers", "cookies", "query", "body", "authorizer")
    assert shape(event) == shapes.http_event(*parts)
    APIGatewayProxyEventV2Model.model_validate(event)


@pytest.mark.line("HTTP-2a")
def test_header_names_are_in_lower_case_and_repeats_are_joined(full: Stack) -> None:
    sent = [("X-Mixed-Case", "a"), ("X-Repeat", "first"), ("x-repeat", "second")]
    headers = event_of(full, "/echo", *sent)["headers"]
    assert headers["x-mixed-case"] == "a"
    assert headers["x-repeat"] == "first,second"
    assert all(name == name.lower() for name in headers)


@pytest.mark.line("HTTP-2b")
def test_cookies_are_a_list_of_their_own(full: Stack) -> None:
    event = event_of(full, "/echo", ("Cookie", "sid=abc; theme=dark"))
    assert event["cookies"] == ["sid=abc", "theme=dark"]
    assert "cookie" not in event["headers"]


@pytest.mark.line("HTTP-2c", "HTTP-3b", "HTTP-3c")
def test_the_query_is_given_raw_and_decoded(full: Stack) -> None:
    query = "tag=a&tag=b&space=x%20y&plus=a+b&encodedPlus=a%2Bb&empty=&%C3%BC=%26"
    event = event_of(full, f"/echo?{query}")
    assert event["rawQueryString"] == query
    assert event["queryStringParameters"] == {
        "tag": "a,b",
        "space": "x y",
        "plus": "a b",
        "encodedPlus": "a+b",
        "empty": "",
        "ü": "&",
    }


@pytest.mark.line("HTTP-3a", "HTTP-3e")
def test_paths_and_their_parameters_are_decoded(full: Stack) -> None:
    event = event_of(full, "/echo/u%201%C3%BC")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/echo/u 1ü"
    assert event["pathParameters"] == {"name": "u 1ü"}


@pytest.mark.line("HTTP-3d")
def test_a_trailing_slash_is_kept(full: Stack) -> None:
    event = event_of(full, "/echo/a/")
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/echo/a/"


@pytest.mark.line("HTTP-2e")
def test_text_comes_as_it_is_and_all_else_in_base64(full: Stack) -> None:
    text = full.echo("/echo", "POST", content="λ", headers={"content-type": "application/json"})
    assert (text["body"], text["isBase64Encoded"]) == ("λ", False)
    kind = {"content-type": "application/octet-stream"}
    binary = full.echo("/echo", "POST", content=b"\x00\xff\x01\xfe", headers=kind)
    assert (binary["body"], binary["isBase64Encoded"]) == ("AP8B/g==", True)


@pytest.mark.line("HTTP-10b")
def test_the_function_validates_and_not_the_gateway(full: Stack) -> None:
    event = full.echo("/validated", "POST", json={"number": "none", "more": 1})
    assert json.loads(event["body"]) == {"number": "none", "more": 1}
    assert "body" not in full.echo("/validated", "POST")
