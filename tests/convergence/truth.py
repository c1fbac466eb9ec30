"""What MongoDB holds of one person, read from its documents and by nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from belfry.adapters.mongo.database import Database, Document
from tests.screen import Json, order_of, shows

_SAME = ("message", "title", "category", "priority", "link", "seq")
_TIMES = {
    "readAt": "read_at",
    "snoozedUntil": "snoozed_until",
    "editedAt": "edited_at",
    "expiresAt": "expires_at",
    "deliverAt": "deliver_at",
    "createdAt": "created_at",
}


class Truth:
    """All of a person's notifications that have arrived and are not gone."""

    def __init__(self, database: Database, user_id: str) -> None:
        found = database.notifications.find({"user_id": user_id})
        self.items = [_item(each) for each in found if "seq" in each and "gone" not in each]
        inbox = database.inboxes.find_one({"_id": user_id}) or {}
        self.seq = inbox.get("seq", 0)
        self.unread = self.count({"unread": True})
        self.kept = len(inbox.get("events", ()))

    def shown(self, filter_: Json) -> list[Json]:
        """What a list with this filter shows, from the top."""
        found = [item for item in self.items if shows(filter_, item)]
        return sorted(found, key=order_of, reverse=True)

    def count(self, filter_: Json) -> int:
        return len(self.shown(filter_))


def _item(document: Document) -> Json:
    same = {name: document[name] for name in _SAME if name in document}
    times = {n: text_of(document[field]) for n, field in _TIMES.items() if field in document}
    arrived = ("came_at", "deliver_at", "created_at")
    return {
        "id": document["_id"],
        "userId": document["user_id"],
        "read": "read_at" in document,
        "archived": document.get("archived", False),
        "pinned": document.get("pinned", False),
        "arrivedAt": text_of(next(document[field] for field in arrived if field in document)),
        **same,
        **times,
    }


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def differences(expected: Any, actual: Any) -> str:
    """Where two lists of notifications differ, for people."""
    for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
        if left != right:
            return f"at {index}: expected {left}, was {right}"
    return f"expected {len(expected)}, were {len(actual)}"
