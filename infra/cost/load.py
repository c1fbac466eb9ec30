"""Who is there and what they do: what a caller says, and what has to be assumed besides."""

from __future__ import annotations

from dataclasses import dataclass

MINUTES = 730 * 60
"""In a month, as AWS counts it."""
SECONDS = MINUTES * 60
DAYS = 730 / 24


@dataclass(frozen=True, slots=True)
class Load:
    """How many people, and how much they get."""

    users: int = 10_000
    online: float = 0.1
    """The share of them who have a device connected, on average over the month."""
    notifications: float = 1_000_000
    """A day, to all of them together."""
    devices: float = 1.5
    """Connected at once, of a person who is online."""
    kept_days: int = 90
    """After so many days a notification is gone, by its `expiresAt` or its person."""

    @property
    def connected(self) -> float:
        """Devices that are connected, on average."""
        return self.users * self.online * self.devices

    def with_users(self, users: int) -> Load:
        """As many people more or less, each of whom gets and does as much."""
        return Load(
            users,
            self.online,
            self.notifications * users / self.users,
            self.devices,
            self.kept_days,
        )


@dataclass(frozen=True, slots=True)
class Habits:
    """What is assumed. Where it was measured, or is a setting of Belfry, the line says so."""

    peak: float = 3.0
    """How much more happens in the busiest hour than on average: broker and MongoDB must do it."""
    connected_minutes: float = 20.0
    """How long a device is connected at a time: looked at for 15 minutes, and 5 until it sleeps."""
    tab_minutes: float = 120.0
    """How long the tab stays open. Without sleeping it would be connected all the time."""
    heartbeat_minutes: float = 5.0
    """Between two syncs of a quiet socket: web/client/timing.js."""
    calls_at_opening: float = 3.0
    """HTTP calls when a device connects: a ticket, the list, the counts."""
    changes: float = 0.2
    """Calls that mark something, for each notification: people mark five at a time."""
    cold: float = 0.01
    """Invocations that start a new environment. AWS: typically under 1 %
    (blogs/compute/aws-lambda-standardizes-billing-for-init-phase).
    """
    round_trip_ms: float = 1.0
    """To MongoDB, Amazon MQ or API Gateway and back, in the same region."""
    majority_ms: float = 3.0
    """What a write waits for a second data centre, on top."""
    confirm_ms: float = 5.0
    """What a publish waits for a quorum of the broker."""
    frame_bytes: float = 600.0
    """A frame with one notification. Measured: the notification has 454 bytes of JSON."""
    list_bytes: float = 8_700.0
    """Measured: the answer to GET /api/notifications with 20 of them."""
    mongodb_bytes: float = 6_200.0
    """Measured: to and from MongoDB for each notification, from its POST until it is delivered."""
    mongodb_list_bytes: float = 15_800.0
    """Measured: to and from MongoDB for a list of 20."""
    idle_bytes: float = 8_400.0
    """Measured: to and from MongoDB in a second when nothing happens but the two sweeps."""
    stored_bytes: float = 880.0
    """Kept of each notification. Measured: 748 of documents, of which compression is assumed to
    leave half, and 506 of indexes.
    """
    mongodb_ms: float = 1.5
    """Of MongoDB's processor for each notification: docs/benchmarks.md, on POST."""
    messages_per_second: float = 2_500.0
    """What an mq.m7g.large takes. Measured: 3,000 to 5,000 are confirmed a second on two cores."""
    traced: float = 0.05
    """X-Ray's default: of what is above one a second and function, this share is recorded."""
    traced_each_second: float = 1.0
    log_bytes: float = 600.0
    """For each invocation: Lambda's lines and our own one."""
    access_log_bytes: float = 400.0
    """For each call of the HTTP API."""
    log_months: float = 1.0
    """How long logs are kept: the parameter LogRetentionDays."""
