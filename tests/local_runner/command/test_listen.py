"""`belfry listen` follows docs/protocol.md: each event once, in order, none left out."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from rich.console import Console

from local_runner.command.listen import _Device


class Socket:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def send(self, text: str) -> None:
        self.asked.append(json.loads(text))


class Terminal:
    """A device, and what it shows and asks."""

    def __init__(self) -> None:
        self._out = StringIO()
        self._device = _Device(Console(file=self._out, width=200))
        self._socket = Socket()

    def takes(self, *frames: dict[str, Any]) -> None:
        for frame in frames:
            self._device._take(frame, self._socket)  # type: ignore[arg-type]

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [frame for frame in self._socket.asked if frame["action"] != "ack"]

    @property
    def acknowledged(self) -> list[list[str]]:
        return [frame["ids"] for frame in self._socket.asked if frame["action"] == "ack"]

    @property
    def shown(self) -> list[str]:
        return [line.split()[-1] for line in self._out.getvalue().splitlines() if "●" in line]


def arrival(seq: int) -> dict[str, Any]:
    item = {"id": f"id{seq}", "message": f"m{seq}"}
    at = "2026-01-05T10:20:30.123Z"
    return {"type": "notification", "seq": seq, "at": at, "unreadCount": 1, "notifications": [item]}


def ready(seq: int) -> dict[str, Any]:
    return {"type": "ready", "seq": seq, "unreadCount": 0}


def sync(*events: dict[str, Any], seq: int, recovered: bool = True) -> dict[str, Any]:
    return {"type": "sync", "seq": seq, "events": events, "recovered": recovered, "more": False}


def test_events_are_shown_once_and_a_gap_is_asked_for() -> None:
    device = Terminal()
    device.takes(ready(1), arrival(2), arrival(2), arrival(4))
    assert device.asked == [{"action": "sync", "since": 2}]
    device.takes(sync(arrival(3), arrival(4), seq=4), arrival(4), arrival(5))
    assert device.shown == ["m2", "m3", "m4", "m5"]


def test_a_live_event_between_two_syncs_is_not_shown_twice() -> None:
    device = Terminal()
    device.takes(ready(8), arrival(10), arrival(10))
    device.takes(sync(arrival(9), arrival(10), seq=10), arrival(11))
    device.takes(sync(arrival(9), arrival(10), seq=10), arrival(11), arrival(12))
    assert device.shown == ["m9", "m10", "m11", "m12"]


def test_an_event_before_the_position_is_known_is_not_left_out() -> None:
    device = Terminal()
    device.takes(arrival(5), ready(4))
    assert device.asked == [{"action": "sync", "since": 4}]
    device.takes(sync(arrival(5), seq=5))
    assert device.shown == ["m5"]


def test_too_much_missed_is_said_and_the_position_taken() -> None:
    device = Terminal()
    device.takes(ready(1), sync(seq=900, recovered=False), arrival(901))
    assert device.shown == ["m901"]


def test_what_was_shown_is_acknowledged_once_per_event_and_per_sync() -> None:
    device = Terminal()
    device.takes(ready(1), arrival(2), arrival(2), arrival(5))
    read = {"type": "read", "seq": 4, "at": "2026-01-05T10:20:30.123Z", "ids": ["id2"]}
    device.takes(sync(arrival(3), read, arrival(5), seq=5), sync(seq=5))
    assert device.acknowledged == [["id2"], ["id3", "id5"]]


def test_much_is_acknowledged_in_frames_that_the_server_takes() -> None:
    device = Terminal()
    device.takes(ready(0), sync(*(arrival(seq) for seq in range(1, 251)), seq=250))
    assert [len(ids) for ids in device.acknowledged] == [100, 100, 50]
