"""What has to be done to data of earlier versions, once, in order.

Each step can be done again from its beginning: a start that is interrupted repeats it. Add a step
for every change of a document's form that older documents cannot be read without.

Of several runners that start together one does it, and the others wait: it holds a lease, in the
document that keeps the version, and renews it for as long as it works.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import Event, Thread
from uuid import uuid4

import pymongo
from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from belfry.adapters.mongo import views
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.notifications import from_document
from belfry.adapters.mongo.users import give_name_keys
from belfry.errors import ConfigurationError
from belfry.model import Notification

log = logging.getLogger(__name__)

BATCH = 1000
INDEX_NOT_FOUND = 27

LEASE_SECONDS = 30.0
PATIENCE_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 0.2

LONGEST_STEP_SECONDS = 3600.0
"""Instead of the time of one operation."""

_ID = "schema"

Step = Callable[[Database], None]


@translated
def run(
    database: Database,
    steps: Sequence[Step] | None = None,
    *,
    lease: float = LEASE_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Bring the data into the form of this version. Doing it again does nothing.

    A runner that has died holds up others for `lease` seconds. Waits for up to `patience` seconds
    while another one is at it; then raises ConfigurationError.
    """
    steps = STEPS if steps is None else steps
    deadline = time.monotonic() + patience
    while _version(database) < len(steps):
        with _lease(database, lease) as is_ours:
            if is_ours:
                _do(database, steps)
                return
        if time.monotonic() >= deadline:
            raise ConfigurationError(
                "another runner is still bringing the data of an earlier version into the form of "
                "this one. Its log says how far it is: start this one again when that is done"
            )
        time.sleep(LOOK_AGAIN_SECONDS)


def _do(database: Database, steps: Sequence[Step]) -> None:
    done = _version(database)
    for version, step in enumerate(steps, start=1):
        if version > done:
            log.info("data of an earlier version: %s", (step.__doc__ or "").partition("\n")[0])
            with pymongo.timeout(LONGEST_STEP_SECONDS):
                step(database)
            database.meta.update_one({"_id": _ID}, {"$set": {"version": version}})


def _version(database: Database) -> int:
    known = database.meta.find_one({"_id": _ID})
    return known["version"] if known else 0


@contextmanager
def _lease(database: Database, seconds: float) -> Iterator[bool]:
    """Says whether the work is ours to do; while it is, the lease is renewed."""
    meta, holder, done = database.meta, uuid4().hex, Event()
    meta.update_one({"_id": _ID}, {"$setOnInsert": {"version": 0}}, upsert=True)
    # By the clock of the database: those of the runners may differ.
    is_free = {"$lte": [{"$ifNull": ["$leased_until", "$$NOW"]}, "$$NOW"]}
    until = {"$add": ["$$NOW", int(seconds * 1000)]}
    taken = [{"$set": {"holder": holder, "leased_until": until}}]
    ours = {"_id": _ID, "holder": holder}
    if not meta.update_one({"_id": _ID, "$expr": is_free}, taken).matched_count:
        yield False
        return

    def renew() -> None:
        while not done.wait(seconds / 3):
            try:
                meta.update_one(ours, taken)
            except PyMongoError as error:
                log.warning("the lease was not renewed: %s", error)

    renewing = Thread(target=renew, name="migration lease", daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        done.set()
        renewing.join()
        meta.update_one(ours, {"$unset": {"holder": "", "leased_until": ""}})


def give_views(database: Database) -> None:
    """Notifications get the views that show them, and inboxes their counts."""
    for old in ("user_id_1__id_-1", "user_id_1_read_1__id_-1"):
        _drop_index(database, old)
    counted: views.Counted = Counter()
    for items in _batches(database):
        changes = [UpdateOne({"_id": item.id}, {"$set": views.fields_of(item)}) for item in items]
        database.notifications.bulk_write(changes, ordered=False)
        counted.update(views.counted((), [item for item in items if item.seq is not None]))
    inboxes: dict[str, Document] = defaultdict(dict)
    categories: dict[str, Document] = defaultdict(dict)
    for (user_id, category, key), number in counted.items():
        if category is None:
            inboxes[user_id][key] = number
        else:
            categories[f"{user_id}/{category}"][key] = number
    # Their numbers were written otherwise. Devices that have missed some load the list again.
    database.inboxes.update_many({}, {"$set": {"events": []}})
    _set_counts(database.inboxes, inboxes)
    _set_counts(database.categories, categories)


def _set_counts(collection: Collection[Document], counts: Mapping[str, Document]) -> None:
    changes = [
        UpdateOne({"_id": id_}, {"$set": {"counts": numbers}}, upsert=True)
        for id_, numbers in counts.items()
    ]
    if changes:
        collection.bulk_write(changes, ordered=False)


def _batches(database: Database) -> Iterable[list[Notification]]:
    found = iter(database.notifications.find())
    while batch := [from_document(document) for document in islice(found, BATCH)]:
        yield batch


def _drop_index(database: Database, name: str) -> None:
    try:
        database.notifications.drop_index(name)
    except OperationFailure as error:
        if error.code != INDEX_NOT_FOUND:
            raise


STEPS: Sequence[Step] = (give_views, give_name_keys)
"""In the order of the versions: the first makes version 1."""
