"""What is between functions and devices: it loses, repeats and reorders frames by chance."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from random import Random

from belfry.model import Connection
from belfry.ports import PushResult
from tests.screen import Json


class Network:
    """A pusher. `lines` are the open sockets, each with the frames that are on their way.

    `failing` is the share of pushes of which the dispatcher hears that they failed. `told` is what
    was told under each number, by whichever way.
    """

    def __init__(self, random: Random) -> None:
        self.lines: dict[str, deque[Json]] = {}
        self.failing = 0.03
        self.is_calm = False
        self.told: dict[int, tuple[str, Sequence[str]]] = {}
        self._random = random

    def push(self, frames: Sequence[tuple[Connection, bytes]]) -> Sequence[PushResult]:
        return [self._push(connection.id, json.loads(frame)) for connection, frame in frames]

    def witness(self, event: Json) -> None:
        """A number tells of one thing, whenever and by whichever way it is told."""
        # Of an arrival some may be gone by the time it is told again.
        told = event["type"], event.get("ids", ())
        assert self.told.setdefault(event["seq"], told) == told

    def _push(self, connection_id: str, frame: Json) -> PushResult:
        self.witness(frame)
        if frame["type"] == "unsnoozed":
            # As new as one that has just arrived, for devices that know it and those that do not.
            assert {item["arrivedAt"] for item in frame.get("notifications", ())} <= {frame["at"]}
        line = self.lines.get(connection_id)
        if line is None:
            return PushResult.GONE
        chance = self._random.random
        if self.is_calm:
            line.append(frame)
            return PushResult.DONE
        failed = chance() < self.failing
        arrived = chance() < (0.3 if failed else 0.95)  # of some failed ones the answer was lost
        for _ in range(arrived * (1 + (chance() < 0.05))):
            line.append(frame)
            if chance() < 0.1:
                line.insert(self._random.randrange(len(line)), line.pop())
        return PushResult.LATER if failed else PushResult.DONE
