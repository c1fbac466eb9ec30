"""Use cases of an administrator: look at what was given up, send it on its way again, drop it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from belfry.envelope import ROUTING_HEADERS
from belfry.errors import NotFound, TooLarge
from belfry.history import QueuedBy
from belfry.model import DeadLetter, DeadLetterFilter, DeliveryState, Notification
from belfry.ports import Clock, DeadLetters, Message, Notifications, Outbox, Queue
from belfry.sending import DISPATCH_WITHIN, delivery_message
from belfry.topology import FAN_OUT, delivery_queues

REDRIVE_LIMIT = 1000
"""So many dead letters one call redrives at most."""

GROUP = 100
"""So many are published together."""

_BROKERS_OWN = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count")
"""How the names of headers begin that tell of the broker's work with the message as it was."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a list, newest first. `next_cursor` is None on the last page."""

    items: Sequence[DeadLetter]
    next_cursor: str | None


def page(
    which: DeadLetterFilter, *, limit: int, cursor: str | None, dead_letters: DeadLetters
) -> Page:
    """One page. A cursor is the id of the last dead letter on the page before."""
    found = dead_letters.page(which, before=cursor, limit=limit + 1)
    items = found[:limit]
    return Page(items, items[-1].id if len(found) > limit else None)


def get(letter_id: str, *, dead_letters: DeadLetters) -> DeadLetter:
    """One dead letter, whole. Raises NotFound."""
    letter = dead_letters.get(letter_id)
    if letter is None:
        raise NotFound("There is no dead letter with this id.")
    return letter


def state_of(letter: DeadLetter, *, outbox: Outbox) -> DeliveryState | None:
    """Where its notification is now; None when there is no such notification."""
    if letter.notification_id is None:
        return None
    return outbox.states([letter.notification_id]).get(letter.notification_id)


def redrive(
    letter_id: str,
    *,
    dead_letters: DeadLetters,
    notifications: Notifications,
    outbox: Outbox,
    queue: Queue,
    clock: Clock,
) -> None:
    """Send one on its way again, and forget it here.

    Raises NotFound; TooLarge when only a part of it was kept; QueueUnavailable, and then it stays.
    """
    letter = get(letter_id, dead_letters=dead_letters)
    if not letter.whole:
        raise TooLarge(
            f"Only the first {len(letter.body)} of its {letter.size} bytes were kept, so it cannot "
            "be sent again. Drop it."
        )
    _redrive([letter], dead_letters, notifications, outbox, queue, clock)


def redrive_all(
    which: DeadLetterFilter,
    *,
    dead_letters: DeadLetters,
    notifications: Notifications,
    outbox: Outbox,
    queue: Queue,
    clock: Clock,
) -> tuple[int, int]:
    """Redrive the oldest ones, up to 1,000. Answers how many those were, and how many remain.

    Those of which only a part was kept remain. Raises QueueUnavailable: what was not sent stays.
    """
    redriven = 0
    last: str | None = None
    while redriven < REDRIVE_LIMIT:
        size = min(GROUP, REDRIVE_LIMIT - redriven)
        letters = dead_letters.oldest(which, after=last, limit=size)
        if not letters:
            break
        whole = [letter for letter in letters if letter.whole]
        _redrive(whole, dead_letters, notifications, outbox, queue, clock)
        redriven += len(whole)
        last = letters[-1].id
    return redriven, dead_letters.count(which)


def drop(letter_id: str, *, dead_letters: DeadLetters) -> None:
    """Forget one for good. Raises NotFound."""
    while not dead_letters.remove([get(letter_id, dead_letters=dead_letters)]):
        continue  # it has died again since it was read


def _redrive(
    letters: Sequence[DeadLetter],
    dead_letters: DeadLetters,
    notifications: Notifications,
    outbox: Outbox,
    queue: Queue,
    clock: Clock,
) -> None:
    named = {letter.notification_id for letter in letters if letter.notification_id}
    known = notifications.by_ids(named)
    now = clock()
    # In this order a crash loses nothing: what is published and still here is published twice.
    outbox.reopen(list(known), now + DISPATCH_WITHIN)
    queue.publish([_fresh(letter, known, now) or _original(letter) for letter in letters])
    dead_letters.remove(letters)


def _fresh(letter: DeadLetter, known: Mapping[str, Notification], now: datetime) -> Message | None:
    """A message as when its notification was accepted; None when there is no such notification."""
    notification = known.get(letter.notification_id or "")
    if notification is None:
        return None
    return delivery_message(notification, by=QueuedBy.REDRIVE, at=now)


def _original(letter: DeadLetter) -> Message:
    """The message as it came, to where it was."""
    queues = delivery_queues()
    headers = {
        name: value
        for name, value in letter.headers.items()
        if not name.startswith(_BROKERS_OWN) and name not in ROUTING_HEADERS
    }
    queue = letter.queue if letter.queue in (*queues, FAN_OUT) else queues[0]
    return Message(queue=queue, body=letter.body, headers=headers)
