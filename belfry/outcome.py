"""What becomes of each delivery after its pushes: dispatched, tried again, or given up."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from belfry.devices import Pushes
from belfry.envelope import Delivery, dead_letter, retried
from belfry.history import Attempt
from belfry.model import DeadReason, DeliveryState
from belfry.ports import Message, PushResult
from belfry.retry import RetryPolicy

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """What is to be done about a batch after its pushes."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    dispatched: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    postponed: dict[float, list[str]] = field(default_factory=lambda: defaultdict(list))
    messages: list[Message] = field(default_factory=list)


def judge(
    deliveries: Iterable[Delivery],
    unknown: Collection[str],
    pushes: Pushes,
    retry: RetryPolicy,
    now: datetime,
) -> Outcome:
    """What becomes of each delivery: it is dispatched, tried again, or given up."""
    outcome = Outcome()
    for delivery in deliveries:
        id_ = delivery.notification_id
        if id_ in unknown:
            text = "no notification has this id"
            dead = dead_with(delivery.alone, DeadReason.UNKNOWN_NOTIFICATION, text, now)
            outcome.messages.append(dead)
            continue
        results = pushes.get(id_, Counter())
        delay = retry.delay_after(delivery.attempts)
        state = DeliveryState.DISPATCHED
        if not results[PushResult.LATER]:
            outcome.dispatched.append(id_)
        elif delay is not None:
            state = DeliveryState.QUEUED
            outcome.postponed[delay].append(id_)
            outcome.messages.append(retried(delivery, delay=delay, now=now))
        else:
            state = DeliveryState.FAILED
            outcome.given_up.append(id_)
            text = f"{_failures(results)} after {delivery.attempts} retries"
            outcome.messages.append(dead_with(delivery.alone, DeadReason.PUSH_FAILED, text, now))
        outcome.attempts[id_] = _attempt(delivery, results, state, now)
    return outcome


def _attempt(
    delivery: Delivery, results: Counter[PushResult], state: DeliveryState, now: datetime
) -> Attempt:
    return Attempt(
        at=now,
        number=delivery.attempts + 1,
        state=state,
        queued_at=delivery.queued_at,
        queued_by=delivery.queued_by,
        pushed=results[PushResult.DONE],
        gone=results[PushResult.GONE],
        failed=results[PushResult.LATER],
        refused=results[PushResult.REFUSED],
        error=_failures(results),
    )


def _failures(results: Counter[PushResult]) -> str | None:
    """For people, why not every push of an attempt worked; None when every one did."""
    told = {PushResult.LATER: "could not be reached", PushResult.REFUSED: "refused the frame"}
    of = f"of {results.total()} devices"
    return " and ".join(f"{results[e]} {of} {told[e]}" for e in told if results[e]) or None


def dead_with(message: Message, reason: DeadReason, error: str, now: datetime) -> Message:
    """The message for the dead letters, and a line in the log."""
    log.error("dead letter from %s: %s: %s", message.queue, reason, error)
    return dead_letter(message, reason, error, now=now)
