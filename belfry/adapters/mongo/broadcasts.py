"""Broadcasts in MongoDB: one document each, its own outbox.

    {_id, to, content, state, due_at, chunk: 7, after: "019a…", total, accepted, …}

It has `due_at` for as long as there is something to do. How many copies are delivered is what
remains of the accepted ones without those that are queued, failed or cancelled; an index holds only
these three kinds. When the broadcast has come to its end the numbers are stored for good.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from belfry.adapters.mongo.database import UNDELIVERED, Database, Document, translated
from belfry.adapters.mongo.notifications import PRESENT, marks_of, to_document
from belfry.adapters.mongo.stream import Streams
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.copies import copy_ids
from belfry.envelope import Chunk
from belfry.fan_out import Progress
from belfry.model import DeliveryState

_WITHOUT_PEOPLE = {"to.user_ids": False}
_GOING = [BroadcastState.SCHEDULED.value, BroadcastState.RUNNING.value]


class MongoBroadcasts:
    """The broadcasts as administrators see them."""

    def __init__(self, database: Database) -> None:
        # Read as it is now, like the copies, or the numbers would not fit together.
        self._broadcasts = database.broadcasts.with_options(read_concern=ReadConcern("local"))
        self._marks = marks_of(database)

    @translated
    def add(self, broadcast: Broadcast, due_at: datetime) -> Broadcast:
        try:
            self._broadcasts.insert_one(_to_document(broadcast) | {"due_at": due_at})
        except DuplicateKeyError:  # kept by an earlier try of the same request
            return self.get(broadcast.id) or broadcast
        return broadcast

    @translated
    def get(self, broadcast_id: str) -> Broadcast | None:
        document = self._broadcasts.find_one({"_id": broadcast_id})
        return self._counted(document) if document else None

    @translated
    def page(self, *, before: str | None, limit: int) -> Sequence[Broadcast]:
        which = {"_id": {"$lt": before}} if before is not None else {}
        found = self._broadcasts.find(which, _WITHOUT_PEOPLE).sort("_id", DESCENDING).limit(limit)
        return [self._counted(document) for document in found]

    @translated
    def withdraw(self, broadcast: Broadcast, due_at: datetime) -> bool:
        change = {
            "state": BroadcastState.WITHDRAWN.value,
            "delivered": broadcast.delivered,
            "failed": broadcast.failed,
            "cancelled": broadcast.cancelled,
            "chunk": broadcast.chunk + 1,
            "after": "",
            "due_at": due_at,
        }
        done = self._broadcasts.update_one(_as_it_was(broadcast), {"$set": change})
        return done.matched_count == 1

    @translated
    def claim(self, now: datetime, until: datetime) -> Chunk | None:
        found = self._broadcasts.find_one_and_update(
            {"due_at": {"$lte": now}},
            {"$set": {"due_at": until}},
            {"chunk": True},
            sort=[("due_at", ASCENDING)],
        )
        return Chunk(found["_id"], found["chunk"]) if found else None

    def _counted(self, document: Document) -> Broadcast:
        if "delivered" in document or not document["accepted"]:
            return _from_document(document)
        counts = _undelivered(self._marks, document["_id"])
        # A chunk that came between the two would have been counted as queued, and not as accepted.
        gone_on = {"_id": document["_id"], "chunk": {"$ne": document["chunk"]}}
        if since := self._broadcasts.find_one(gone_on):
            return self._counted(since)
        return _from_document(document | _numbers(document["accepted"], counts))


class MongoChunks:
    """The broadcasts as their work sees them."""

    def __init__(self, database: Database) -> None:
        self._streams = Streams(database)
        self._broadcasts = database.broadcasts
        self._notifications = database.notifications
        self._marks = marks_of(database)

    @translated
    def at(self, chunk: Chunk) -> Broadcast | None:
        now = {"_id": chunk.broadcast_id, "chunk": chunk.number, "due_at": {"$exists": True}}
        document = self._broadcasts.find_one(now)
        return _from_document(document) if document else None

    @translated
    def spread(self, progress: Progress, dispatch_by: datetime) -> bool:
        documents = [to_document(each, dispatch_by) for each in progress.notifications]
        return self._streams.transaction(lambda session: self._spread(progress, documents, session))

    def _spread(
        self, progress: Progress, documents: Sequence[Document], session: ClientSession
    ) -> bool:
        broadcast = progress.broadcast
        change: Document = {
            "state": BroadcastState.RUNNING.value,
            "total": progress.total,
            "chunk": broadcast.chunk + 1,
            "is_spread": progress.is_last,
            "due_at": progress.due_at,
        }
        if progress.notifications:
            change["after"] = progress.notifications[-1].user_id
        # The broadcast first: who comes second is to wait here, with nothing written yet.
        done = self._broadcasts.update_one(
            {**_as_it_was(broadcast), "state": {"$in": _GOING}},
            {"$set": change, "$inc": {"accepted": len(documents)}},
            session=session,
        )
        if done.matched_count and documents:
            self._notifications.insert_many(documents, ordered=False, session=session)
        return done.matched_count == 1

    @translated
    def finish(self, broadcast: Broadcast, now: datetime, again_at: datetime) -> bool:
        counts = _undelivered(self._marks, broadcast.id)
        if counts[DeliveryState.QUEUED]:
            self._broadcasts.update_one(_as_it_was(broadcast), {"$set": {"due_at": again_at}})
            return False
        # The total was counted at the beginning, and people may have come or gone since.
        end = {
            "state": BroadcastState.FINISHED.value,
            "finished_at": now,
            "total": broadcast.accepted,
            **_numbers(broadcast.accepted, counts),
        }
        change = {"$set": end, "$unset": {"due_at": ""}}
        return self._broadcasts.update_one(_as_it_was(broadcast), change).matched_count == 1

    @translated
    def copies(self, broadcast: Broadcast, limit: int) -> Sequence[tuple[str, str]]:
        first, end = copy_ids(broadcast.id)
        which = {
            "_id": {"$gt": max(first, broadcast.after), "$lt": end},
            "broadcast_id": broadcast.id,
            **PRESENT,
        }
        found = self._notifications.find(which, {"user_id": True}).sort("_id").limit(limit)
        return [(document["_id"], document["user_id"]) for document in found]

    @translated
    def withdrawn(
        self, broadcast: Broadcast, last: str | None, due_at: datetime, left: str | None = None
    ) -> bool:
        change: Document = {"$set": {"chunk": broadcast.chunk + 1, "left": left}}
        if last is None:
            change["$unset"] = {"due_at": ""}
        else:
            change["$set"] |= {"after": last, "due_at": due_at}
        return self._broadcasts.update_one(_as_it_was(broadcast), change).matched_count == 1


def undelivered(broadcast_id: str) -> Document:
    """The copies of a broadcast that are not delivered: the index has no others."""
    return {"broadcast_id": broadcast_id, "state": {"$in": UNDELIVERED}}


def _undelivered(marks: Collection[Document], broadcast_id: str) -> Counter[str]:
    """How many they are, by their state."""
    each = {"$group": {"_id": "$state", "count": {"$sum": 1}}}
    found = marks.aggregate([{"$match": undelivered(broadcast_id)}, each])
    return Counter({state["_id"]: state["count"] for state in found})


def _numbers(accepted: int, counts: Counter[str]) -> Document:
    return {
        "delivered": accepted - counts.total(),
        "failed": counts[DeliveryState.FAILED],
        "cancelled": counts[DeliveryState.CANCELLED],
    }


def _as_it_was(broadcast: Broadcast) -> Document:
    """The broadcast, unless something was done to it since it was read."""
    return {"_id": broadcast.id, "chunk": broadcast.chunk, "state": broadcast.state.value}


def _to_document(broadcast: Broadcast) -> Document:
    to, content = broadcast.to, broadcast.content
    optional = {"deliver_at": broadcast.deliver_at, "expires_at": broadcast.expires_at}
    return {
        "_id": broadcast.id,
        "to": {"kind": to.kind.value, "topic": to.topic, "user_ids": list(to.user_ids)},
        "content": {
            "message": content.message,
            "title": content.title,
            "category": content.category,
            "priority": content.priority,
            "link": content.link,
            # As text, for the same reasons as in a notification.
            "data": None if content.data is None else json.dumps(content.data),
        },
        "created_at": broadcast.created_at,
        "state": broadcast.state.value,
        "chunk": broadcast.chunk,
        "after": broadcast.after,
        "accepted": broadcast.accepted,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _from_document(document: Document) -> Broadcast:
    to, content = document["to"], document["content"]
    data = content["data"]
    return Broadcast(
        id=document["_id"],
        to=Audience(AudienceKind(to["kind"]), to["topic"], tuple(to.get("user_ids", ()))),
        content=Content(**content | {"data": None if data is None else json.loads(data)}),
        created_at=document["created_at"],
        state=BroadcastState(document["state"]),
        deliver_at=document.get("deliver_at"),
        expires_at=document.get("expires_at"),
        finished_at=document.get("finished_at"),
        total=document.get("total"),
        accepted=document["accepted"],
        delivered=document.get("delivered", 0),
        failed=document.get("failed", 0),
        cancelled=document.get("cancelled", 0),
        chunk=document["chunk"],
        after=document["after"],
        left=document.get("left"),
        is_spread=document.get("is_spread", False),
    )
