"""Use case: what happens in inboxes by itself, when its time has come."""

from __future__ import annotations

from collections import defaultdict

from belfry.changes import Change, ChangeKind
from belfry.changing import change_each_and_tell
from belfry.devices import Devices
from belfry.ports import Clock, Inboxes, Timers

DUE_LIMIT = 1000
"""So many are looked up, and changed, at a time."""


def act_on_time(
    *,
    timers: Timers,
    inboxes: Inboxes,
    devices: Devices,
    clock: Clock,
) -> int:
    """End the snoozes that are over, and take out what has expired; answers how many.

    Of several that run at once each change happens once: the second finds nothing to change. What
    could not be done, for a crash or a busy inbox, is due still. Raises StoreUnavailable.
    """
    changed = 0
    while due := timers.due(clock(), DUE_LIMIT):
        together: dict[ChangeKind, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for each in due:
            together[each.change][each.user_id].append(each.id)
        before = changed
        for kind, ids in together.items():
            done = change_each_and_tell(
                ids, Change(kind), inboxes=inboxes, devices=devices, clock=clock
            )
            changed += sum(each.count for each in done)
        if len(due) < DUE_LIMIT or changed == before:
            break
    return changed
