"""What invokes functions besides requests: queues and schedules.

A queue trigger is what Lambda's event source mapping is: one invocation at a time per queue, a
batch acknowledged when its function has returned and given back whole when it failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

from gateway.access_log import AccessLog, Journal
from gateway.assumptions import ACCOUNT_ID, REGION
from gateway.invoker import InvocationError, Invoker, RequestTooLarge
from gateway.spec_form import QueueTrigger, Schedule
from local_runner.event_source import EventSource, Received
from local_runner.queue_event import MAX_BATCH_BYTES, queue_event, record_size

log = logging.getLogger(__name__)

T = TypeVar("T")

_DROPPED = "%s: dropped what is over 6 MB, as AWS does"
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0


async def poll_queue(
    name: str,
    trigger: QueueTrigger,
    source: EventSource,
    invoker: Invoker,
    access_log: AccessLog | None = None,
) -> None:
    """Invoke the trigger's function with batch after batch, until cancelled.

    Cancelled within a batch, it sees that to its end.
    """
    pause = FIRST_PAUSE_SECONDS
    left: list[Received] = []
    journal = Journal("queue", access_log)
    while True:
        batch, left = await _collect(trigger, source, left)
        if await _to_its_end(_work(name, trigger, source, invoker, batch, journal)):
            pause = FIRST_PAUSE_SECONDS
        else:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _work(
    name: str,
    trigger: QueueTrigger,
    source: EventSource,
    invoker: Invoker,
    batch: Sequence[Received],
    journal: Journal,
) -> bool:
    """Invoke with a batch, and acknowledge it or give it back; answers which."""
    records = [received for received in batch if len(received.body) <= MAX_BATCH_BYTES]
    if len(records) < len(batch):
        log.error(_DROPPED, name)
    began, status = journal.begin(), 500
    try:
        if records:
            await invoker.invoke(trigger.function, queue_event(name, records))
        status = 200
    except RequestTooLarge:
        # Base64 has made a record of its own batch too large.
        log.error(_DROPPED, name)
    except Exception as error:
        # Whatever it is: a trigger that ended would leave its queue alone, and nobody would know.
        source.give_back(batch)
        known = isinstance(error, InvocationError)
        text = "%s: batch of %d is tried again: %s"
        log.warning(text, name, len(batch), error, exc_info=not known)
        return False
    finally:
        journal.end(began, f"{name} ({len(batch)})", trigger.function, status, "")
    source.acknowledge(batch)
    return True


async def _to_its_end(invocation: Coroutine[Any, Any, T]) -> T:
    """Wait for an invocation; being cancelled, wait for it all the same."""
    task = asyncio.create_task(invocation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _collect(
    trigger: QueueTrigger, source: EventSource, left: list[Received]
) -> tuple[Sequence[Received], list[Received]]:
    """A batch: full, or of 6 MB, or what came within the window from the first message.

    Begins with what was left over from the last one; answers what is left over now, too.
    """
    loop = asyncio.get_running_loop()
    batch = left or list(await source.receive(trigger.batch_size))
    closes = loop.time() + trigger.batching_window_seconds
    size = _size(batch)
    while len(batch) < trigger.batch_size and size < MAX_BATCH_BYTES:
        try:
            async with asyncio.timeout_at(closes):
                more = await source.receive(trigger.batch_size - len(batch))
        except TimeoutError:
            break
        batch += more
        size += _size(more)
    fitting = _fitting(batch) if size > MAX_BATCH_BYTES else len(batch)
    return batch[:fitting], batch[fitting:]


def _fitting(batch: Sequence[Received]) -> int:
    """How many of them one invocation takes: as many as 6 MB hold, and at least one."""
    size = 0
    for index, received in enumerate(batch):
        size += record_size(received)
        if size > MAX_BATCH_BYTES and index:
            return index
    return len(batch)


def _size(batch: Sequence[Received]) -> int:
    return sum(record_size(received) for received in batch)


async def run_schedule(function: str, schedule: Schedule, invoker: Invoker) -> None:
    """Invoke a function at once and then again and again, until cancelled."""
    while True:
        try:
            await _to_its_end(invoker.invoke(function, schedule_event(function)))
        except Exception as error:
            # Whatever it is, as above.
            known = isinstance(error, InvocationError)
            text = "%s is tried again in %g s: %s"
            log.warning(text, function, schedule.every_seconds, error, exc_info=not known)
        await asyncio.sleep(schedule.every_seconds)


def schedule_event(function: str) -> dict[str, Any]:
    """What Amazon EventBridge gives a scheduled function."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{function}"],
        "detail": {},
    }
