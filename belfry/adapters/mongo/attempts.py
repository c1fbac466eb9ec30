"""The attempts of a notification, as its document keeps them: the last ones, oldest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from belfry.adapters.mongo.database import Document
from belfry.history import Attempt, QueuedBy
from belfry.model import DeliveryState

KEPT = 20
"""More than one series of retries has by any setting, and little beside the content."""

MANY = 32
"""From so many equal attempts on, an update of their own is worth its round trip."""

_COUNTS = ("pushed", "gone", "failed", "refused")


def appended(attempts: Mapping[str, Attempt]) -> Document:
    """The expression (of an update's pipeline) that gives each notification its own attempt.

    One update for a batch whose attempts differ, if only by when they were queued, takes a third of
    the time of a bulk of single ones.
    """
    ids = list(attempts)
    documents = [_to_document(attempt) for attempt in attempts.values()]
    own: Document = {"$literal": documents[0]}
    if len(set(attempts.values())) > 1:
        own = {"$arrayElemAt": [{"$literal": documents}, {"$indexOfArray": [ids, "$_id"]}]}
    return {"$slice": [{"$concatArrays": [{"$ifNull": ["$attempts", []]}, [own]]}, -KEPT]}


def alike(attempts: Mapping[str, Attempt]) -> Sequence[Mapping[str, Attempt]]:
    """The same in parts: those of which many are equal, as in a broadcast, and all others.

    To find its own among hundreds takes MongoDB as long as all else that it does to a notification.
    """
    groups: dict[Attempt, dict[str, Attempt]] = defaultdict(dict)
    for id_, attempt in attempts.items():
        groups[attempt][id_] = attempt
    many = [group for group in groups.values() if len(group) >= MANY]
    few = [group for group in groups.values() if len(group) < MANY]
    others = {id_: attempt for group in few for id_, attempt in group.items()}
    return [*many, others] if others else many


def from_documents(documents: Sequence[Document]) -> tuple[Attempt, ...]:
    """The attempts that a notification's document keeps."""
    return tuple(_from_document(document) for document in documents)


def _to_document(attempt: Attempt) -> Document:
    """Without what is nothing: there is one of these in nearly every notification."""
    optional: dict[str, Any] = {
        "queued_at": attempt.queued_at,
        "queued_by": attempt.queued_by and attempt.queued_by.value,
        "error": attempt.error,
        **{name: getattr(attempt, name) for name in _COUNTS},
    }
    return {
        "at": attempt.at,
        "number": attempt.number,
        "state": attempt.state.value,
        **{name: value for name, value in optional.items() if value},
    }


def _from_document(document: Document) -> Attempt:
    queued_by = document.get("queued_by")
    return Attempt(
        at=document["at"],
        number=document["number"],
        state=DeliveryState(document["state"]),
        queued_at=document.get("queued_at"),
        queued_by=queued_by and QueuedBy(queued_by),
        error=document.get("error"),
        **{name: document.get(name, 0) for name in _COUNTS},
    )
