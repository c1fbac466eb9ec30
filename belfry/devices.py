"""The devices that people have open, and telling them what happens in their inboxes."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from belfry import wire
from belfry.errors import BelfryError
from belfry.model import Connection
from belfry.ports import Arrival, Clock, Connections, Pusher, PushResult

log = logging.getLogger(__name__)

HANDSHAKE = timedelta(seconds=30)
"""A connection younger than this may still be opening: API Gateway answers 410 for it, too."""

Pushes = Mapping[str, Counter[PushResult]]
"""What the devices of a notification's person answered, by its id; none without a device."""


@dataclass(frozen=True, slots=True)
class Devices:
    """All open WebSockets, by whose they are."""

    connections: Connections
    pusher: Pusher
    clock: Clock

    def push(self, arrivals: Sequence[Arrival]) -> Pushes:
        """Push each event to all devices of its person, and forget those that are gone."""
        now = self.clock()
        devices = defaultdict(list)
        people = {arrival.event.user_id for arrival in arrivals}
        for connection in self.connections.of_users(people):
            devices[connection.user_id].append(connection)
        frames: list[tuple[Connection, bytes]] = []
        told: list[Arrival] = []
        for arrival in arrivals:
            if open_devices := devices[arrival.event.user_id]:
                contents = {notification.id: notification for notification in arrival.notifications}
                frame = wire.dumps(wire.fitting_event(arrival.event, contents)).encode()
                frames += [(device, frame) for device in open_devices]
                told += [arrival] * len(open_devices)
        if not frames:
            return {}
        results = self.pusher.push(frames)
        gone = {
            device.id
            for (device, _), result in zip(frames, results, strict=True)
            if result is PushResult.GONE and now - device.connected_at > HANDSHAKE
        }
        if gone:
            self.connections.remove(gone)
        return _by_notification(told, results)

    def hang_up(self, user_id: str) -> None:
        """Close all devices of a person, and forget them, as well as it goes."""
        try:
            theirs = self.connections.of_users([user_id])
            self.pusher.hang_up(theirs)
            self.connections.remove([connection.id for connection in theirs])
        except BelfryError as error:
            log.warning("the devices of a person stay open: %s", error)

    def tell(self, arrivals: Sequence[Arrival]) -> None:
        """The same, as well as it goes: a device that misses one sees the gap in the numbers."""
        try:
            self.push(arrivals)
        except BelfryError as error:
            some = ", ".join(f"{each.event.seq} of {each.event.user_id}" for each in arrivals[:10])
            log.warning("%d events were not pushed, such as %s: %s", len(arrivals), some, error)


def _by_notification(told: Iterable[Arrival], results: Iterable[PushResult]) -> Pushes:
    """What was answered to each event, by each of the notifications that it brought."""
    events: dict[tuple[str, ...], Counter[PushResult]] = defaultdict(Counter)
    for arrival, result in zip(told, results, strict=True):
        events[arrival.event.ids][result] += 1
    return {id_: answers for ids, answers in events.items() for id_ in ids}
