"""What clients of an HTTP API get for what functions answer, or do not."""

from typing import Any

import pytest

from tests.conformance.raw_http import send
from tests.conformance.stack import Stack

INTERNAL_ERROR = (500, {"message": "Internal Server Error"})


def answer(value: Any) -> dict[str, Any]:
    return {"do": "answer", "answer": value}


@pytest.mark.line("HTTP-1a")
@pytest.mark.parametrize("value", [{"ok": True}, ["a", 1], "text", 3.5, None, {"body": "b"}])
def test_json_without_status_code_is_the_body(full: Stack, value: Any) -> None:
    response = full.act(answer(value))
    assert (response.status_code, response.json()) == (200, value)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.line("HTTP-1c")
def test_status_headers_and_body_are_the_function_s(full: Stack) -> None:
    headers = {"Content-Type": "application/problem+json", "X-One": "1", "x-number": 2}
    response = full.act(answer({"statusCode": 418, "headers": headers, "body": "{}"}))
    assert (response.status_code, response.text) == (418, "{}")
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.headers["x-one"], response.headers["x-number"]) == ("1", "2")


@pytest.mark.line("HTTP-1b")
def test_each_cookie_is_a_header_of_its_own(full: Stack) -> None:
    cookies = ["sid=abc; Path=/; HttpOnly", "theme=dark"]
    order = b'{"do": "answer", "answer": {"statusCode": 200, "cookies": ["%s", "%s"]}}'
    body = order % tuple(cookie.encode() for cookie in cookies)
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    got = send(full.http_url, "POST", "/act", headers, body)
    assert got.headers.get_all("set-cookie") == cookies


@pytest.mark.line("HTTP-1d")
def test_a_body_in_base64_is_decoded(full: Stack) -> None:
    headers = {"content-type": "application/octet-stream"}
    given = {"statusCode": 200, "headers": headers, "body": "AP8B/g==", "isBase64Encoded": True}
    assert full.act(answer(given)).content == b"\x00\xff\x01\xfe"


@pytest.mark.line("HTTP-1e")
def test_a_body_without_content_type_is_plain_text(full: Stack) -> None:
    response = full.act(answer({"statusCode": 200, "body": "λ"}))
    assert (response.headers["content-type"], response.text) == ("text/plain;charset=utf-8", "λ")


@pytest.mark.line("HTTP-1f")
@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": "many"},
        {"statusCode": 200, "body": {"no": "text"}},
        {"statusCode": 200, "headers": ["no object"]},
    ],
)
def test_a_malformed_answer_is_an_internal_error(full: Stack, value: Any) -> None:
    response = full.act(answer(value))
    assert (response.status_code, response.json()) == INTERNAL_ERROR


@pytest.mark.line("HTTP-7a")
def test_an_error_of_the_function_is_an_internal_error_without_details(full: Stack) -> None:
    response = full.act({"do": "raise"})
    assert (response.status_code, response.json()) == INTERNAL_ERROR


@pytest.mark.line("HTTP-7b")
def test_the_function_s_own_timeout_is_an_internal_error(full: Stack) -> None:
    response = full.act({"do": "sleep", "seconds": 1.5}, "/act-briefly")
    assert (response.status_code, response.json()) == INTERNAL_ERROR
