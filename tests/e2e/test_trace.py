"""Where is my message? Its whole way over a real runner, with a device that acknowledges."""

from __future__ import annotations

import time
from typing import Any

from tests.runner import Belfry, ask, receive

SOON = 10.0


def traced(belfry: Belfry, id_: str, token: str) -> dict[str, Any]:
    return belfry.answer(belfry.get(f"/api/notifications/{id_}/trace", token), 200)


def names(trace: dict[str, Any]) -> list[str]:
    return [step["step"] for step in trace["steps"]]


def until(belfry: Belfry, id_: str, token: str, step: str) -> dict[str, Any]:
    """The trace, as soon as the step is in it."""
    deadline = time.monotonic() + SOON
    while step not in names(trace := traced(belfry, id_, token)):
        assert time.monotonic() < deadline, trace
        time.sleep(0.02)
    return trace


def test_a_notification_is_followed_from_the_post_to_the_reader(belfry: Belfry) -> None:
    admin = belfry.admin_token()
    user, token = belfry.person("traced")
    with belfry.socket(token) as socket:
        ask(socket, action="sync")
        id_ = belfry.send(user["id"])["id"]
        assert receive(socket)["notifications"][0]["id"] == id_
        until(belfry, id_, admin, "dispatched")
        # An acknowledgement is not answered, so the next frame is that of the ping.
        socket.send(f'{{"action": "ack", "ids": ["{id_}"]}}')
        assert ask(socket, action="ping") == {"type": "pong"}
        until(belfry, id_, admin, "acknowledged")
        assert ask(socket, action="ack", ids=[])["type"] == "error"
        socket.send(f'{{"action": "read", "id": "{id_}"}}')
        trace = until(belfry, id_, admin, "read")
    assert names(trace) == [
        "accepted",
        "queued",
        "attempt",
        "dispatched",
        "acknowledged",
        "read",
    ]
    assert trace["steps"][1]["by"] == "api"
    assert trace["steps"][2]["pushed"] == 1
    assert (trace["userId"], trace["state"], trace["where"]) == (user["id"], "dispatched", "Read.")


def test_a_trace_is_for_administrators(belfry: Belfry) -> None:
    user, token = belfry.person("curious")
    id_ = belfry.send(user["id"])["id"]
    assert belfry.get(f"/api/notifications/{id_}/trace", token).status_code == 403
    assert belfry.get("/api/notifications/1/trace", belfry.admin_token()).status_code == 404
