"""Events of what invokes functions besides requests: queues and schedules."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.invoker import Event
from gateway.spec import Spec
from local_runner.event_source import Received
from local_runner.queue_event import queue_event
from local_runner.samples.request import unknown
from local_runner.triggers import schedule_event


def rmq_event(spec: Spec, queue: str, batch: Sequence[Received]) -> Event:
    """What the function of a queue gets. Raises SampleError: there is no such queue."""
    if queue not in spec.queues:
        raise unknown(queue, spec.queues, "x-queues has no")
    return queue_event(queue, batch)


def scheduled_event(spec: Spec, function: str) -> Event:
    """What a scheduled function gets, here or in a deployment only.

    Raises SampleError: it has no schedule.
    """
    schedules = {**spec.schedules, **spec.deployment.schedules}
    if function not in schedules:
        raise unknown(function, schedules, "x-schedules has no")
    return schedule_event(function)
