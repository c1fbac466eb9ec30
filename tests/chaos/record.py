"""What happened in a run, on one clock: posts, arrivals on devices, faults."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

from tests.chaos.faults import Fault

ACCEPTED = 201
REFUSED = 503


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with devices."""

    user_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Post:
    """One POST of a notification, from `began` to `ended` in seconds of the run.

    `status` is None when there was no answer, and `id` what was answered with 201.
    """

    message: str
    user_id: str
    began: float
    ended: float
    status: int | None = None
    id: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.status == ACCEPTED

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(slots=True)
class Struck:
    """A fault as it came: `over` is when its part served again."""

    fault: Fault
    began: float
    over: float | None = None


@dataclass(slots=True)
class Record:
    """All of it. `arrivals` are the times at which devices first saw a notification, by its id."""

    devices_each: int
    started: float = field(default_factory=time.monotonic)
    posts: list[Post] = field(default_factory=list)
    arrivals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    struck: list[Struck] = field(default_factory=list)
    accepted: int = 0
    delivered: int = 0
    """Seen by all devices of its person."""

    def now(self) -> float:
        return time.monotonic() - self.started

    @property
    def is_caught_up(self) -> bool:
        """Whether all that was accepted is on all devices of its person."""
        ids = (post.id for post in self.posts if post.id)
        return all(len(self.arrivals.get(id_, ())) == self.devices_each for id_ in ids)

    def post(self, post: Post) -> None:
        self.posts.append(post)
        self.accepted += post.is_accepted

    def arrival(self, notification_id: str) -> None:
        times = self.arrivals[notification_id]
        times.append(self.now())
        self.delivered += len(times) == self.devices_each
