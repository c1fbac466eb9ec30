"""How often what happens in a month."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from infra.cost.case import Case
from infra.cost.load import DAYS, MINUTES, SECONDS

METERED_BYTES = 32 * 1024
"""A WebSocket message is metered for each 32 KB that have begun (API Gateway, pricing)."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Numbers of a month."""

    notifications: float
    sessions: float
    """Times that a device connects."""
    connection_minutes: float
    syncs: float
    changes: float
    pushes: float
    """Frames with new notifications."""
    events: float
    """Frames that tell the other devices what was marked."""
    authorized: float
    """Times that the authorizer of the HTTP API is asked."""
    http_calls: float
    calls_of_people: float
    """Of these, those that no sender makes."""
    websocket_messages: float


def traffic(case: Case, notifications_per_frame: float = 1.0) -> Traffic:
    """What the load makes happen."""
    load, habits = case.load, case.habits
    notifications = load.notifications * DAYS
    minutes = load.connected * MINUTES
    sessions = minutes / habits.connected_minutes
    syncs = sessions + minutes / habits.heartbeat_minutes
    changes = notifications * habits.changes
    pushes = notifications * load.online * load.devices / notifications_per_frame
    events = changes * load.devices
    of_people = sessions * habits.calls_at_opening + changes
    metered = ceil(habits.frame_bytes * notifications_per_frame / METERED_BYTES)
    return Traffic(
        notifications=notifications,
        sessions=sessions,
        connection_minutes=minutes,
        syncs=syncs,
        changes=changes,
        pushes=pushes,
        events=events,
        authorized=_authorized(case, notifications, sessions, changes, of_people),
        http_calls=notifications + of_people,
        calls_of_people=of_people,
        # Opening counts as a message here: AWS does not say whether it does.
        websocket_messages=sessions + 2 * syncs + pushes * metered + events,
    )


def _authorized(
    case: Case, notifications: float, sessions: float, changes: float, of_people: float
) -> float:
    """One sender, whose token is asked about once in the time that an answer counts; of a person
    the calls at opening are one question, and each change, minutes later, is another.
    """
    ttl = case.wiring.authorizer_ttl
    if not ttl:
        return notifications + of_people
    return min(notifications, SECONDS / ttl) + sessions + changes
