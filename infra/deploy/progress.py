"""What happens to a stack while CloudFormation works on it, and why it failed when it did."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from infra.deploy.proposing import Pause
from infra.deploy.stacks import IN_PROGRESS, Event, Stacks

BEGINNINGS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}
"""Of the stack itself: somebody asked for it. A rollback has a name of its own."""

GOOD_ENDS = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}

CASCADE = re.compile(r"Resource \w+ cancelled")
"""What is said of the resources that were under way when another one failed."""


def newest(stacks: Stacks, stack_id: str) -> str | None:
    """The id of the last event, after which `follow` begins."""
    event = next(stacks.events(stack_id), None)
    return event.id if event else None


def follow(stacks: Stacks, stack_id: str, after: str | None, pause: Pause) -> Iterator[Event]:
    """Each event after that one, in order, until the stack has come to an end, good or bad."""
    while True:
        fresh = _after(after, stacks.events(stack_id))
        for event in reversed(fresh):
            yield event
            if is_end(event):
                return
        after = fresh[0].id if fresh else after
        pause()


def _after(event_id: str | None, newest_first: Iterable[Event]) -> list[Event]:
    return list(takewhile(lambda event: event.id != event_id, newest_first))


def is_end(event: Event) -> bool:
    return event.of_stack and not event.status.endswith(IN_PROGRESS)


def went_well(events: Iterable[Event]) -> bool:
    """Whether the events that `follow` gave end as they should."""
    return any(event.of_stack and event.status in GOOD_ENDS for event in events)


def finished(event: Event) -> bool:
    """Whether a resource is done, well or not."""
    return not event.of_stack and event.status.endswith(("_COMPLETE", "_FAILED"))


def failed(event: Event) -> bool:
    return not event.of_stack and event.status.endswith("_FAILED")


def causes(events: Iterable[Event]) -> list[Event]:
    """What failed by itself, oldest first, of events in order."""
    return [event for event in events if failed(event) and not CASCADE.match(event.reason)]


def under_way(events: Iterable[Event]) -> list[str]:
    """The resources that have begun and not finished, of events in order."""
    last = {event.resource: event for event in events if not event.of_stack}
    return [resource for resource, event in last.items() if not finished(event)]


def last_operation(newest_first: Iterable[Event]) -> list[Event]:
    """The events since somebody last asked for something, in order."""
    found = []
    for event in newest_first:
        found.append(event)
        if event.of_stack and event.status in BEGINNINGS:
            break
    return found[::-1]
