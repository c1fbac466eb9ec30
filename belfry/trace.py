"""Use case: where is my message? The way of a notification, from what its document keeps.

The document says nothing of a queue: that a message was queued is seen with its first attempt, so
that publishing costs no further update.
"""

from __future__ import annotations

from collections.abc import Iterator

from belfry import wire
from belfry.errors import NotFound
from belfry.history import Attempt, History, Step, StepName, Trace
from belfry.model import DeliveryState, Gone
from belfry.ports import Notifications

_ENDS = {
    DeliveryState.DISPATCHED: StepName.DISPATCHED,
    DeliveryState.FAILED: StepName.GIVEN_UP,
}


def trace(notification_id: str, *, notifications: Notifications) -> Trace:
    """What happened to anybody's notification. Raises NotFound."""
    history = notifications.history(notification_id)
    if history is None:
        raise NotFound("There is no notification with this id.")
    # Clocks of several machines may differ by a little; in doubt the order is that of the way.
    steps = sorted(_steps(history), key=lambda step: step.at)
    return Trace(history, tuple(steps), _where(history))


def _steps(history: History) -> Iterator[Step]:
    yield Step(StepName.ACCEPTED, history.accepted_at)
    for attempt in history.attempts:
        if attempt.queued_at:
            yield Step(StepName.QUEUED, attempt.queued_at, by=attempt.queued_by)
        yield Step(StepName.ATTEMPT, attempt.at, attempt=attempt)
        if end := _ENDS.get(attempt.state):
            yield Step(end, attempt.at)
    if history.acknowledged_at:
        yield Step(StepName.ACKNOWLEDGED, history.acknowledged_at)
    if history.read_at:
        yield Step(StepName.READ, history.read_at)
    if history.edited_at:
        yield Step(StepName.EDITED, history.edited_at)
    if history.gone and history.gone_at:
        yield Step(StepName(history.gone.value), history.gone_at)


_GONE = {
    Gone.DELETED: "Gone: its person has deleted it.",
    Gone.WITHDRAWN: "Gone: it was withdrawn.",
    Gone.EXPIRED: "Gone: its time is over.",
}


def _where(history: History) -> str:
    if history.gone:
        return _GONE[history.gone]
    if history.read_at:
        return "Read."
    if history.acknowledged_at:
        return "Shown on a device, which has acknowledged it, and not read yet."
    last = history.attempts[-1] if history.attempts else None
    if history.state is DeliveryState.QUEUED:
        return _waiting(history, last)
    if history.state is DeliveryState.FAILED:
        return "In the inbox. Pushing it to an open device was given up: see the dead letters."
    return f"In the inbox. {_pushed(last)}"


def _waiting(history: History, last: Attempt | None) -> str:
    if last is None and history.deliver_at:
        return f"Scheduled. It is to be delivered at {wire.time(history.deliver_at)}."
    if last is None:
        now = "Stored, and not yet attempted"
    elif last.state is DeliveryState.QUEUED:
        now = "In the inbox. It waits to be pushed again after a push that failed"
    else:
        now = "In the inbox. It waits to be pushed again, as an administrator wants"
    if history.dispatch_by is None:
        return f"{now}."
    by = wire.time(history.dispatch_by)
    return f"{now}. Unless it is dispatched before {by}, the sweep queues it again."


def _pushed(last: Attempt | None) -> str:
    if last is None:
        return "It was dispatched."
    if last.devices == 0:
        return "Nobody was connected; a device gets it when it connects."
    if last.pushed == 0:
        return "No open device took it; a device gets it when it connects again."
    count = "1 device" if last.pushed == 1 else f"{last.pushed} devices"
    return f"Pushed to {count}, and not acknowledged yet."
