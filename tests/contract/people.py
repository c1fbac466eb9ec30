"""What the contract tests are about: a few people and their notifications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from belfry.changes import Change, ChangeKind
from belfry.model import DeadLetter, DeadReason, InboxEvent, Notification, Role, User, new_id
from belfry.wiring import Deps
from tests.fakes import NOON

ADA, BOB = "ada", "bob"
LATER = NOON + timedelta(seconds=15)


def user(email: str = "ada@example.com", role: Role = Role.USER) -> User:
    return User(id=new_id(), username="Ada", email=email, role=role, created_at=NOON)


def sent(
    parts: Deps, user_id: str = ADA, message: str = "Hello", id_: str | None = None
) -> Notification:
    """A notification that is in the outbox, and has not arrived."""
    notification = Notification(id_ or new_id(), user_id, message, created_at=NOON)
    parts.outbox.add(notification, dispatch_by=LATER)
    return notification


def arrived(parts: Deps, user_id: str = ADA, count: int = 1) -> list[str]:
    """The ids of notifications that have arrived, one event each."""
    ids = [sent(parts, user_id).id for _ in range(count)]
    for id_ in ids:
        parts.inboxes.append([id_], NOON)
    return ids


def mark(
    parts: Deps, user_id: str, id_: str, *, read: bool, now: datetime
) -> tuple[Notification, InboxEvent | None] | None:
    """What marking one does: the notification then, and the event; None when it is not theirs."""
    change = Change(ChangeKind.READ if read else ChangeKind.UNREAD)
    done = parts.inboxes.change(user_id, [id_], change, now)
    return (done.notifications[0], done.event) if done else None


def dead_letter(body: bytes = b"?", **fields: Any) -> DeadLetter:
    """A dead letter that is not buried yet. Its id serves as its fingerprint."""
    id_ = fields.get("id", new_id())
    known: dict[str, Any] = {
        "id": id_,
        "fingerprint": id_,
        "queue": "belfry.deliver.0",
        "reason": DeadReason.UNREADABLE,
        "error": "the body is not JSON",
        "attempts": 0,
        "first_at": NOON,
        "last_at": NOON,
        "size": len(body),
        "body": body,
    }
    return DeadLetter(**known | fields)
