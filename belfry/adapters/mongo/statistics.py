"""The counters in MongoDB: one document for each ten seconds, which goes by itself after a day."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pymongo
from pymongo import ASCENDING, WriteConcern
from pymongo.errors import PyMongoError

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.statistics import Bucket, bucket_of, class_of

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.1
"""For finding the database: whoever counts has done so a moment ago, and does not wait again."""


class MongoStatistics:
    """The port `Statistics`."""

    def __init__(self, database: Database) -> None:
        # Sent, and not waited for. MongoDB adds up what many processes count at once.
        self._unawaited = database.statistics.with_options(write_concern=WriteConcern(w=0))
        self._statistics = database.statistics

    def count(
        self,
        now: datetime,
        *,
        accepted: int = 0,
        delivered: int = 0,
        failed: int = 0,
        latencies: Sequence[timedelta] = (),
    ) -> None:
        counts = {"accepted": accepted, "delivered": delivered, "failed": failed}
        classes = Counter(class_of(latency) for latency in latencies)
        counts |= {f"latencies.{index}": count for index, count in classes.items()}
        added = {name: count for name, count in counts.items() if count}
        if not added:
            return
        try:
            with pymongo.timeout(PATIENCE_SECONDS):
                self._unawaited.update_one(
                    {"_id": bucket_of(now)}, _adding(added, now), upsert=True
                )
        except PyMongoError as error:
            log.info("not counted: %s", error)

    @translated
    def since(self, moment: datetime) -> Sequence[Bucket]:
        found = self._statistics.find({"_id": {"$gte": moment}}).sort("_id", ASCENDING)
        return [_bucket(document) for document in found]


def _adding(added: dict[str, int], now: datetime) -> Document:
    # A TTL index cannot be on _id, so the time is there twice.
    return {"$inc": added, "$setOnInsert": {"at": bucket_of(now)}}


def _bucket(document: Document) -> Bucket:
    return Bucket(
        at=document["_id"],
        accepted=document.get("accepted", 0),
        delivered=document.get("delivered", 0),
        failed=document.get("failed", 0),
        latencies={int(index): count for index, count in document.get("latencies", {}).items()},
    )
