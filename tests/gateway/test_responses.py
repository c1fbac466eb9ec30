"""A function's answer becomes an HTTP response by the rules of payload format 2.0."""

from typing import Any

import pytest

from gateway.responses import HttpAnswer, MalformedAnswer, from_function

JSON = (b"content-type", b"application/json")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ({"a": 1}, b'{"a": 1}'),
        ([1, 2], b"[1, 2]"),
        ("text", b'"text"'),
        (None, b"null"),
        ({"body": "no status"}, b'{"body": "no status"}'),
        ("λ", '"λ"'.encode()),
    ],
)
def test_an_answer_without_status_is_the_body(answer: Any, body: bytes) -> None:
    assert from_function(answer) == HttpAnswer(200, [JSON], body)


def test_a_whole_answer() -> None:
    answer = {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "X-One": 1, "X-Yes": True},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": '{"ok":true}',
        "isBase64Encoded": False,
    }

    assert from_function(answer) == HttpAnswer(
        201,
        [
            JSON,
            (b"x-one", b"1"),
            (b"x-yes", b"true"),
            (b"set-cookie", b"a=1; Path=/"),
            (b"set-cookie", b"b=2"),
        ],
        b'{"ok":true}',
    )


def test_a_base64_body_is_decoded() -> None:
    assert from_function({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}).body == (
        b"\x00\xff"
    )


def test_a_body_without_content_type_is_plain_text() -> None:
    assert from_function({"statusCode": 200, "body": "x"}).headers == [
        (b"content-type", b"text/plain;charset=utf-8")
    ]


def test_a_status_alone_has_no_content_type() -> None:
    assert from_function({"statusCode": 202}) == HttpAnswer(202, [], b"")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_drops_the_body(status: int) -> None:
    assert from_function({"statusCode": status, "body": "x"}).body == b""


@pytest.mark.parametrize("name", ["Content-Length", "connection", "Transfer-Encoding", "Date"])
def test_the_connection_decides_about_its_own_headers(name: str) -> None:
    assert from_function({"statusCode": 200, "headers": {name: "1"}}).headers == []


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 101},
        {"statusCode": 600},
        {"statusCode": "ok"},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": "x\r\nset-cookie: y"}},
        {"statusCode": 200, "headers": {"a": "λ"}},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "headers": {"a b": "x"}},
        {"statusCode": 200, "headers": {"": "x"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": [1.5, {}]},
    ],
)
def test_a_malformed_answer_is_refused(answer: Any) -> None:
    with pytest.raises(MalformedAnswer):
        from_function(answer)
