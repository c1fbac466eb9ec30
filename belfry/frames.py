"""How much one event of an inbox tells: what fits into a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from belfry import wire
from belfry.model import Notification

ARRIVAL_BYTES = 96 * 1024
"""About how much one arrival carries; a frame of Amazon API Gateway has at most 128 KiB."""

MOST_NAMED = 100
"""An event names so many notifications; about more of them it only says that they changed."""


def in_frames(items: Iterable[Notification]) -> Iterator[Sequence[Notification]]:
    """One person's new notifications, in as many parts as it takes to tell of each by one event."""
    part: list[Notification] = []
    total = 0
    for item in items:
        size = len(wire.dumps(wire.notification(item)).encode())
        if part and (total + size > ARRIVAL_BYTES or len(part) == MOST_NAMED):
            yield part
            part, total = [], 0
        part.append(item)
        total += size
    if part:
        yield part
