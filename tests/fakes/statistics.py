"""The fake of the port `Statistics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from belfry.statistics import Bucket, bucket_of, class_of


class FakeStatistics:
    def __init__(self) -> None:
        self._buckets: dict[datetime, Bucket] = {}

    def count(
        self,
        now: datetime,
        *,
        accepted: int = 0,
        delivered: int = 0,
        failed: int = 0,
        latencies: Sequence[timedelta] = (),
    ) -> None:
        at = bucket_of(now)
        known = self._buckets.get(at) or Bucket(at)
        classes = Counter(known.latencies) + Counter(class_of(each) for each in latencies)
        counted = replace(
            known,
            accepted=known.accepted + accepted,
            delivered=known.delivered + delivered,
            failed=known.failed + failed,
            latencies=dict(classes),
        )
        if counted != Bucket(at):
            self._buckets[at] = counted

    def since(self, moment: datetime) -> Sequence[Bucket]:
        return [self._buckets[at] for at in sorted(self._buckets) if at >= moment]
