"""`belfry trace` as a person reads it."""

from __future__ import annotations

from typing import Any

from belfry.client import Trace
from belfry.client.wire import read
from local_runner.command.trace_view import trace_lines
from tests.declared import operations


def shown(trace: dict[str, Any]) -> list[str]:
    return [line.plain for line in trace_lines(read(Trace, trace))]


def trace_of(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "userId": "ada", "state": "queued", "where": "Here.", "steps": steps}


def step(at: str, name: str, **more: Any) -> dict[str, Any]:
    return {"step": name, "at": f"2026-01-05T{at}Z", **more}


def test_the_example_of_the_api() -> None:
    answer = operations()["/api/notifications/{id}/trace", "get"]["responses"]["200"]
    error = "1 of 2 devices could not be reached"
    assert shown(answer["content"]["application/json"]["example"]) == [
        "019ab3c2-8d11-7a40-8f7e-0242ac120002 for 019ab3c2-7f00-7c3e-9a51-0242ac120002: dispatched",
        "Pushed to 2 devices, and not acknowledged yet.",
        "",
        "  2026-01-05 10:20:30.123            accepted",
        "  2026-01-05 10:20:30.126     +3 ms  queued by api",
        "  2026-01-05 10:20:30.131     +5 ms  attempt 1, pushed 1, failed 1: " + error,
        "  2026-01-05 10:20:30.131     +0 ms  queued by retry",
        "  2026-01-05 10:20:31.142  +1011 ms  attempt 2, pushed 2",
        "  2026-01-05 10:20:31.142     +0 ms  dispatched",
    ]


def test_an_attempt_that_found_nobody_and_long_waits() -> None:
    attempt = step("12:00:30.000", "attempt", number=1, pushed=0, gone=0, failed=0, refused=0)
    lines = shown(
        trace_of(
            step("12:00:00.000", "accepted"),
            step("12:00:29.000", "queued"),
            attempt,
            step("15:00:00.000", "read"),
        )
    )
    assert lines[3:] == [
        "  2026-01-05 12:00:00.000            accepted",
        "  2026-01-05 12:00:29.000     +29 s  queued",
        "  2026-01-05 12:00:30.000  +1000 ms  attempt 1, nobody connected",
        "  2026-01-05 15:00:00.000      +3 h  read",
    ]
