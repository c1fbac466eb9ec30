"""Use case: leave for good. The account goes first, and after it everything that its person had.

From the moment in which the account is gone nobody can log in, and nothing more can be sent to it.
What is left behind then is deleted part by part: at once as far as that goes, and the rest by a
schedule, which comes back a last time when nothing that was begun before can be going on any more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from belfry.devices import Devices
from belfry.errors import AdministratorStays, NotFound, StoreUnavailable
from belfry.model import Caller, Role
from belfry.ports import Clock, Users

log = logging.getLogger(__name__)

AT_ONCE = timedelta(seconds=4)
"""How long the one who leaves waits for it; an inbox of some ten thousand is gone by then."""

SWEEP_FOR = timedelta(seconds=40)
"""How long one run of the schedule goes on."""

UNDER_WAY = timedelta(seconds=90)
"""Whose turn it is has it for so long: longer than both of these take."""

OUTLIVED = timedelta(minutes=150)
"""After so long nothing can write for the person any more: a token is good for 15 minutes, a
WebSocket that it opened for two hours, a function that was called before for one minute."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A person whose account is gone, and when it went."""

    user_id: str
    left_at: datetime


class Leavings(Protocol):
    """Those who have left lately, for as long as something of theirs may turn up."""

    def begin(self, user_id: str, now: datetime, due_at: datetime) -> bool:
        """Take the account away and remember that the rest is due then: both or nothing.

        True also when this was done before. False without such an account, and for an
        administrator's, which stays.
        """

    def forget(self, user_id: str, now: datetime) -> bool:
        """Delete a part of what the person had; answers whether nothing is left.

        What is on its way to the person leaves a stone without their id, like any that has gone.
        """

    def claim(self, now: datetime, until: datetime) -> Leaving | None:
        """The longest overdue one, which is not due again until then."""

    def postpone(self, user_id: str, due_at: datetime) -> None:
        """It is due then."""

    def end(self, user_id: str) -> None:
        """Forget also that the person has left."""


def leave(
    caller: Caller, *, users: Users, leavings: Leavings, devices: Devices, clock: Clock
) -> None:
    """Delete the caller's account and everything of theirs. Doing it again does nothing more.

    Raises AdministratorStays, and NotFound for an account that is gone for long. Once the account
    is gone there is no error any more: the schedule goes on where this had to stop.
    """
    now = clock()
    # An administrator's token would still be one after the account is gone.
    if caller.role is Role.ADMIN or not leavings.begin(caller.user_id, now, now + UNDER_WAY):
        raise _refusal(caller, users)
    devices.hang_up(caller.user_id)
    try:
        _forget(Leaving(caller.user_id, now), now + AT_ONCE, leavings, clock)
    except StoreUnavailable as error:
        log.warning("the rest of an account goes later: %s", error.__cause__ or error)


def go_on(*, leavings: Leavings, clock: Clock) -> None:
    """Delete what those who have left still have, as far as the time goes.

    Of several that run at once each has others to do. Raises StoreUnavailable.
    """
    until = clock() + SWEEP_FOR
    while (now := clock()) < until and (leaving := leavings.claim(now, now + UNDER_WAY)):
        _forget(leaving, until, leavings, clock)


def _forget(leaving: Leaving, until: datetime, leavings: Leavings, clock: Clock) -> None:
    began, last = clock(), leaving.left_at + OUTLIVED
    while not leavings.forget(leaving.user_id, clock()):
        if clock() >= until:
            leavings.postpone(leaving.user_id, clock())
            return
    if began >= last:
        leavings.end(leaving.user_id)
    else:
        leavings.postpone(leaving.user_id, last)


def _refusal(caller: Caller, users: Users) -> AdministratorStays | NotFound:
    if caller.role is Role.ADMIN or users.by_id(caller.user_id):
        return AdministratorStays(
            "An administrator cannot leave. Have the role taken away, log in again, then leave."
        )
    return NotFound("This account does not exist any more.")
