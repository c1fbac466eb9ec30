"""What has to be done to data of earlier versions, once, in order.

Each step can be done again from its beginning: a start that is interrupted repeats it. Add a step
for every change of a document's form that older documents cannot be read without.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

from pymongo import UpdateOne
from pymongo.errors import OperationFailure

from belfry.adapters.mongo import views
from belfry.adapters.mongo.database import Database, Document, translated
from belfry.adapters.mongo.notifications import from_document
from belfry.adapters.mongo.users import give_name_keys
from belfry.model import Notification

log = logging.getLogger(__name__)

BATCH = 1000
INDEX_NOT_FOUND = 27

_ID = "schema"


@translated
def run(database: Database) -> None:
    """Bring the data into the form of this version. Doing it again does nothing."""
    known = database.meta.find_one({"_id": _ID})
    done = known["version"] if known else 0
    for version, step in enumerate(STEPS, start=1):
        if version > done:
            log.info("data of an earlier version: %s", (step.__doc__ or "").splitlines()[0])
            step(database)
            database.meta.update_one({"_id": _ID}, {"$set": {"version": version}}, upsert=True)


def give_views(database: Database) -> None:
    """Notifications get the views that show them, and inboxes their counts."""
    for old in ("user_id_1__id_-1", "user_id_1_read_1__id_-1"):
        _drop_index(database, old)
    counted: views.Counted = Counter()
    for items in _batches(database):
        changes = [UpdateOne({"_id": item.id}, {"$set": views.fields_of(item)}) for item in items]
        database.notifications.bulk_write(changes, ordered=False)
        counted.update(views.counted((), [item for item in items if item.seq is not None]))
    people = {user_id for user_id, _, _ in counted}
    own: dict[str, Document] = {user_id: {} for user_id in people}
    categories: dict[str, Document] = {}
    for (user_id, category, key), number in counted.items():
        numbers = (
            own[user_id] if category is None else categories.setdefault(f"{user_id}/{category}", {})
        )
        numbers[key] = number
    # Their numbers were written otherwise. Devices that have missed some load the list again.
    database.inboxes.update_many({}, {"$set": {"events": []}})
    for collection, all_counts in ((database.inboxes, own), (database.categories, categories)):
        for id_, counts in all_counts.items():
            collection.update_one({"_id": id_}, {"$set": {"counts": counts}}, upsert=True)


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


STEPS: tuple[Callable[[Database], None], ...] = (give_views, give_name_keys)
"""In the order of the versions: the first makes version 1."""
