"""Use case: what happens in inboxes by itself, when its time has come."""

from __future__ import annotations

from collections import defaultdict

from belfry.changes import Change, ChangeKind
from belfry.inbox import change_and_tell
from belfry.ports import Clock, Connections, Inboxes, Pusher, Timers

DUE_LIMIT = 1000
"""So many are looked up at a time."""

TOGETHER = 100
"""So many of one person change by one event, which names them all."""


def act_on_time(
    *,
    timers: Timers,
    inboxes: Inboxes,
    connections: Connections,
    pusher: Pusher,
    clock: Clock,
) -> int:
    """End the snoozes that are over, and take out what has expired; answers how many.

    Of several that run at once each change happens once: the second finds nothing to change. What
    a crash left undone is due still. Raises StoreUnavailable.
    """
    changed = 0
    while due := timers.due(clock(), DUE_LIMIT):
        together: dict[tuple[str, ChangeKind], list[str]] = defaultdict(list)
        for each in due:
            together[each.user_id, each.change].append(each.id)
        for (user_id, kind), ids in together.items():
            for start in range(0, len(ids), TOGETHER):
                done = change_and_tell(
                    user_id,
                    ids[start : start + TOGETHER],
                    Change(kind),
                    inboxes=inboxes,
                    connections=connections,
                    pusher=pusher,
                    clock=clock,
                )
                changed += done.count if done else 0
        if len(due) < DUE_LIMIT:
            break
    return changed
