"""POST /api/notifications per second: authorized, checked, stored, queued; delivered meanwhile.

wrk over 16 connections to 50 people, once with the queue in memory and once with RabbitMQ, which
confirms each message. In turn the same documents are inserted by pymongo alone, from 16 threads of
this process, into another database of the same server. Both wait for the journal. A round begins
when the deliveries of the last one are done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from belfry.adapters.mongo.database import Database, Document
from belfry.adapters.mongo.notifications import to_document
from belfry.model import Notification, new_id
from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.load import ROUNDS, SECONDS, WARM_UP_SECONDS, from_threads, wrk
from bench.processes import REFERENCE_DATABASE, belfry

PEOPLE = 50
SCRIPT = Path(__file__).with_suffix(".lua")
DELIVERED_WITHIN_SECONDS = 60.0


def measure(tell: Tell) -> list[Figure]:
    return [
        _figure("POST /api/notifications", tell),
        _figure("POST with RabbitMQ", tell, "--rabbitmq", aims=(Aim(1800),)),
    ]


def _figure(name: str, tell: Tell, *options: str, aims: Sequence[Aim] = ()) -> Figure:
    measured, reference, lags = [], [], []
    with (
        belfry(*options) as runner,
        runner.database("belfry") as database,
        runner.database(REFERENCE_DATABASE) as other,
    ):
        tell(f"registering {PEOPLE} people")
        people = [runner.person(f"person{number}")[0]["id"] for number in range(PEOPLE)]
        arguments = [runner.admin_token(), *people]
        url = f"{runner.url}/api/notifications"
        wrk(url, WARM_UP_SECONDS, script=SCRIPT, arguments=arguments)
        for number in range(ROUNDS):
            tell(f"{name}, round {number + 1} of {ROUNDS}")
            _wait_until_delivered(database)
            measured.append(wrk(url, SECONDS, script=SCRIPT, arguments=arguments))
            lags.append(_wait_until_delivered(database))
            reference.append(
                from_threads(lambda: other.notifications.insert_one(document()), SECONDS)
            )
    return Figure(
        name,
        "/s",
        measured,
        reference,
        "the inserts by pymongo alone",
        aims=aims,
        note=f"the last one delivered {median(lags):.1f} s after the load",
    )


def document() -> Document:
    """What a POST stores."""
    now = datetime.now(UTC)
    notification = Notification(new_id(), new_id(), "Build 1 is green", now, title="A build")
    return to_document(notification, now + timedelta(seconds=15))


def _wait_until_delivered(database: Database) -> float:
    """How many seconds it took until no notification was on its way any more."""
    started = time.monotonic()
    while time.monotonic() < started + DELIVERED_WITHIN_SECONDS:
        if database.notifications.find_one({"dispatch_by": {"$exists": True}}) is None:
            return time.monotonic() - started
        time.sleep(0.02)
    raise BenchmarkError(f"Deliveries were not done {DELIVERED_WITHIN_SECONDS:g} s after the load.")
