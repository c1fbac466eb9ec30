"""What invokes functions besides requests: queues and schedules.

A queue trigger is what Lambda's event source mapping is: one invocation at a time per queue, a
batch acknowledged when its function has returned and given back whole when it failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from gateway.invoker import InvocationError, Invoker
from gateway.spec_form import QueueTrigger, Schedule
from local_runner.embedded_queue import EmbeddedQueue, Received
from local_runner.queue_event import MAX_BATCH_BYTES, queue_event

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0


async def poll_queue(
    name: str, trigger: QueueTrigger, queue: EmbeddedQueue, invoker: Invoker
) -> None:
    """Invoke the trigger's function with batch after batch, until cancelled."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        batch = await _collect(name, trigger, queue)
        try:
            await _to_its_end(invoker.invoke(trigger.function, queue_event(name, batch)))
        except InvocationError as error:
            queue.give_back(name, [replace(each, redelivered=True) for each in batch])
            log.warning("%s: batch of %d is tried again: %s", name, len(batch), error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        else:
            pause = FIRST_PAUSE_SECONDS


async def _to_its_end(invocation: Coroutine[Any, Any, Any]) -> None:
    """Wait for an invocation; being cancelled, wait for it all the same."""
    task = asyncio.create_task(invocation)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _collect(name: str, trigger: QueueTrigger, queue: EmbeddedQueue) -> Sequence[Received]:
    """A batch: full, or of 6 MB, or what came within the window from the first message."""
    loop = asyncio.get_running_loop()
    batch = list(await queue.receive(name, trigger.batch_size))
    closes = loop.time() + trigger.batching_window_seconds
    while len(batch) < trigger.batch_size and _size(batch) < MAX_BATCH_BYTES:
        try:
            async with asyncio.timeout_at(closes):
                batch += await queue.receive(name, trigger.batch_size - len(batch))
        except TimeoutError:
            break
    return _within_payload(name, batch, queue)


def _within_payload(name: str, batch: list[Received], queue: EmbeddedQueue) -> Sequence[Received]:
    size = 0
    for index, received in enumerate(batch):
        size += _size([received])
        if size > MAX_BATCH_BYTES and index:
            queue.give_back(name, batch[index:])
            return batch[:index]
    return batch


def _size(batch: Sequence[Received]) -> int:
    return sum(len(received.message.body) * 4 // 3 for received in batch)


async def run_schedule(function: str, schedule: Schedule, invoker: Invoker) -> None:
    """Invoke a function at once and then again and again, until cancelled."""
    while True:
        try:
            await _to_its_end(invoker.invoke(function, schedule_event(function)))
        except InvocationError as error:
            log.warning("%s is tried again in %g s: %s", function, schedule.every_seconds, error)
        await asyncio.sleep(schedule.every_seconds)


def schedule_event(function: str) -> dict[str, Any]:
    """What Amazon EventBridge gives a scheduled function."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:000000000000:rule/{function}"],
        "detail": {},
    }
