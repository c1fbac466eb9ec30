"""The fake of the port `Statistics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from belfry.statistics import Bucket, bucket_of, class_of

if TYPE_CHECKING:
    from tests.fakes import Memory


class FakeStatistics:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._counting = Lock()

    def count(
        self,
        now: datetime,
        *,
        accepted: int = 0,
        delivered: int = 0,
        failed: int = 0,
        latencies: Sequence[timedelta] = (),
    ) -> None:
        if self._memory.down:
            return
        buckets, at = self._memory.tables.statistics, bucket_of(now)
        with self._counting:
            known = buckets.get(at) or Bucket(at)
            classes = Counter(known.latencies) + Counter(class_of(each) for each in latencies)
            counted = replace(
                known,
                accepted=known.accepted + accepted,
                delivered=known.delivered + delivered,
                failed=known.failed + failed,
                latencies=dict(classes),
            )
            if counted != Bucket(at):
                buckets[at] = counted

    def since(self, moment: datetime) -> Sequence[Bucket]:
        buckets = self._memory.tables.statistics
        return [buckets[at] for at in sorted(buckets) if at >= moment]
