"""`belfry events make`: JSON on standard output, or an error that says what is wrong."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from local_runner.command.main import app

NOTIFY = ["http", "POST", "/api/notifications"]


def make(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["events", "make", *arguments])


def made(*arguments: str) -> Any:
    result = make(*arguments)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_an_http_event_holds_what_was_given() -> None:
    event = made(
        *NOTIFY, "--body", '{"message": "Grüße"}', "--header", "X-Trace: a: b", "--header", "Y:",
        "--context", '{"userId": "u"}',
    )  # fmt: skip

    assert event["routeKey"] == "POST /api/notifications"
    assert json.loads(event["body"]) == {"message": "Grüße"}
    assert (event["headers"]["x-trace"], event["headers"]["y"]) == ("a: b", "")
    assert event["requestContext"]["authorizer"] == {"lambda": {"userId": "u"}}


def test_websocket_events() -> None:
    connect = made("websocket", "connect", "--query", "ticket=t", "--header", "X: y")
    assert connect["queryStringParameters"] == {"ticket": "t"}
    assert connect["headers"]["X"] == "y"
    sync = '{"action": "sync"}'
    message = made("websocket", "message", "--body", sync, "--context", '{"principalId": "u"}')
    assert message["requestContext"]["routeKey"] == "sync"
    assert message["requestContext"]["authorizer"]["principalId"] == "u"
    gone = made("websocket", "disconnect", "--code", "1001", "--reason", "bye")["requestContext"]
    assert (gone["disconnectStatusCode"], gone["disconnectReason"]) == (1001, "bye")


def test_authorizer_events() -> None:
    event = made("authorizer", "http", "GET", "/api/me", "--header", "Authorization: Bearer t")
    assert event["identitySource"] == ["Bearer t"]
    event = made("authorizer", "websocket", "--query", "ticket=t")
    assert event["queryStringParameters"] == {"ticket": "t"}


def test_a_batch_of_several_messages() -> None:
    event = made(
        "rmq", "--queue", "belfry.dead", "--body", "one", "--body", "two", "--redelivered",
        "--header", "n=7", "--header", "kind=x=y",
    )  # fmt: skip

    records = event["rmqMessagesByQueue"]["belfry.dead::/"]
    assert [base64.b64decode(record["data"]) for record in records] == [b"one", b"two"]
    assert all(record["redelivered"] for record in records)
    headers = records[0]["basicProperties"]["headers"]
    assert headers == {"n": 7, "kind": {"bytes": list(b"x=y")}}


@pytest.mark.parametrize("function", ["dispatch.sweep", "system.measure"])
def test_a_scheduled_event(function: str) -> None:
    assert made("schedule", function)["source"] == "aws.events"


def test_an_event_of_another_project(tmp_path: Path) -> None:
    spec = tmp_path / "api.yaml"
    spec.write_text(
        '{openapi: 3.0.3, info: {title: T, version: "1"}, '
        "paths: {'/x/{y}': {get: {operationId: a.b}}}}"
    )
    event = made("http", "get", "/x/1", "--spec", str(spec))
    assert event["pathParameters"] == {"y": "1"}


def test_a_path_that_no_route_takes_names_the_nearest() -> None:
    result = make("http", "POST", "/api/notification")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "the nearest is POST /api/notifications" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        ([*NOTIFY, "--header", "x"], "--header"),
        ([*NOTIFY, "--header", ": x"], "--header"),
        ([*NOTIFY, "--context", "{"], "--context"),
        ([*NOTIFY, "--context", "[]"], "--context"),
        (["rmq", "--queue", "belfry.dead", "--body", "x", "--header", "x"], "--header"),
        (["rmq", "--queue", "belfry.dead"], "--body"),
    ],
)
def test_an_option_in_another_form_is_named(arguments: list[str], option: str) -> None:
    result = make(*arguments)
    assert result.exit_code == 2
    assert option in result.stderr


def test_a_spec_that_is_missing_is_named(tmp_path: Path) -> None:
    result = make(*NOTIFY, "--spec", str(tmp_path / "none.yaml"))
    assert result.exit_code == 1
    assert "none.yaml: cannot be read" in result.stderr.replace("\n", "")
