"""The lines of the request log."""

import io
import json
import logging

import pytest

from gateway.access_log import Access
from local_runner.execution.function_output import Printed
from local_runner.options import LogFormat
from local_runner.request_log import formatter, log_access

ACCESS = Access("http", "GET /a/{b}", "a.b", 200, 0.0123, "JKJaXmPLvHcESHA=", True)


def written(access: Access, form: LogFormat, *, coloured: bool = False) -> str:
    """What the log writes for it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(form, coloured=coloured))
    logger = logging.getLogger("request")
    level, logger.propagate = logger.level, False
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        log_access(access)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = True
    return stream.getvalue()


def test_a_person_reads_what_happened() -> None:
    words = written(ACCESS, LogFormat.TEXT).split()
    assert words[2:] == ["200", "GET", "/a/{b}", "a.b", "12.3", "ms", "cold", "JKJaXmPLvHcESHA="]


def test_a_machine_reads_the_same() -> None:
    line = json.loads(written(ACCESS, LogFormat.JSON))
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "request",
        "api": "http",
        "route": "GET /a/{b}",
        "function": "a.b",
        "status": 200,
        "milliseconds": 12.3,
        "cold": True,
        "requestId": "JKJaXmPLvHcESHA=",
    }


def test_in_a_terminal_failures_are_seen_at_once() -> None:
    failed = Access("websocket", "$connect", "a.b", 500, 0.1, "x", False)
    assert "\x1b[31m500\x1b[0m" in written(failed, LogFormat.TEXT, coloured=True)


@pytest.mark.parametrize(("status", "lines"), [(200, 0), (410, 1)])
def test_pushes_are_told_when_they_fail(status: int, lines: int) -> None:
    push = Access("websocket", "POST /@connections/{id}", None, status, 0.1, "x", False)
    assert written(push, LogFormat.TEXT).count("\n") == lines


def test_an_error_in_json_keeps_its_traceback() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        record = logging.LogRecord(
            "a", logging.ERROR, __file__, 1, "it %s", ("broke",), (ValueError, error, None)
        )
    line = json.loads(formatter(LogFormat.JSON, coloured=False).format(record))
    assert line["message"] == "it broke"
    assert "ValueError: no" in line["exception"]


def test_what_a_function_prints_keeps_its_lines() -> None:
    printed = Printed("a.b", ["one", "two"])
    record = logging.LogRecord("a", logging.INFO, __file__, 1, printed, (), None)
    assert formatter(LogFormat.TEXT, coloured=False).format(record) == "a.b: one\na.b: two"
    lines = formatter(LogFormat.JSON, coloured=False).format(record).split("\n")
    told = [json.loads(line) for line in lines]
    assert [each["message"] for each in told] == ["one", "two"]
    assert {each["function"] for each in told} == {"a.b"}
