"""What a record tells: latencies in calm and under faults, and how long each fault was felt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from tests.chaos.record import Post, Record, Struck

NOTICED_SECONDS = 1.0
"""A notification that takes longer, to be accepted or to reach the devices, was disturbed."""
TOGETHER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Incident:
    """Faults that came together. `over` is when all their parts served again.

    `felt` is how long after its beginning the last disturbed notification was on its devices, or
    refused; 0 when none was disturbed.
    """

    faults: Sequence[Struck]
    began: float
    over: float
    felt: float

    def __str__(self) -> str:
        return " + ".join(str(struck.fault) for struck in self.faults)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, posts: Sequence[Post]) -> Quantiles | None:
        """Of the accepted ones; None when they are too few."""
        took = [post.seconds * 1e3 for post in posts if post.is_accepted]
        if len(took) < 2:
            return None
        cuts = quantiles(took, n=100, method="inclusive")
        return cls(cuts[49], cuts[98])


def on_all_devices(record: Record) -> dict[str, float]:
    """When the last device of its person saw a notification, by its id."""
    return {
        id_: max(times)
        for id_, times in record.arrivals.items()
        if len(times) == record.devices_each
    }


def longest_way(record: Record) -> float:
    """Seconds from the answer 201 to the last device, of the slowest notification."""
    arrived = on_all_devices(record)
    ways = [arrived[post.id] - post.ended for post in record.posts if post.id in arrived]
    return max(ways, default=0.0)


def incidents(record: Record) -> Sequence[Incident]:
    """The faults in their order, those that came together as one."""
    groups: list[list[Struck]] = []
    for struck in sorted(record.struck, key=lambda each: each.began):
        if groups and struck.began - groups[-1][0].began < TOGETHER_SECONDS:
            groups[-1].append(struck)
        else:
            groups.append([struck])
    disturbed = list(_disturbed(record))
    found = []
    for number, group in enumerate(groups):
        began = group[0].began
        until = groups[number + 1][0].began if number + 1 < len(groups) else float("inf")
        # Undisturbed, it would have been through within this time: the fault may have come later.
        ends = [end for at, end in disturbed if began <= at + NOTICED_SECONDS < until]
        over = max(struck.over or struck.began for struck in group)
        found.append(Incident(group, began, over, max(ends, default=began) - began))
    return found


def _disturbed(record: Record) -> Iterator[tuple[float, float]]:
    """When each disturbed notification was posted, and when that was over."""
    arrived = on_all_devices(record)
    for post in record.posts:
        end = max(post.ended, arrived.get(post.id or "", post.ended))
        if not post.is_accepted or end - post.began > NOTICED_SECONDS:
            yield post.began, end


def calm_and_struck(record: Record) -> tuple[Sequence[Post], Sequence[Post]]:
    """The posts outside of all incidents, and those that met one."""
    calm: list[Post] = []
    met: list[Post] = []
    times = [(incident.began, incident.over) for incident in incidents(record)]
    for post in record.posts:
        meets = any(post.began < over and began < post.ended for began, over in times)
        (met if meets else calm).append(post)
    return calm, met
