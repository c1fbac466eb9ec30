"""Use case: what has to be there before anybody can log in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from belfry.accounts import register
from belfry.errors import ConfigurationError, EmailTaken, InvalidInput, Unavailable
from belfry.inputs.accounts import Registration
from belfry.model import Role
from belfry.ports import Clock, Passwords, Users

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 180.0
"""A broker that was made just now may take some minutes until it answers."""

LOOK_AGAIN_SECONDS = 3.0


class Accounts(Users, Protocol):
    """The accounts, of which somebody's password can be another one."""

    def set_password(self, user_id: str, password_hash: str) -> None: ...


def first_administrator(
    email: str, password: str, *, users: Users, passwords: Passwords, clock: Clock
) -> bool:
    """Register the administrator, unless there is this account; answers whether it was missing.

    Doing it again changes nothing. Raises ConfigurationError for an address or a password that
    nobody could register with.
    """
    account = _registration(email, password)
    if users.by_email(account.email) is not None:
        return False
    try:
        register(account, users=users, passwords=passwords, clock=clock, role=Role.ADMIN)
    except EmailTaken:
        return False  # another one has started at the same time
    return True


def administrator_of_the_deployment(
    email: str, password: str, *, users: Accounts, passwords: Passwords, clock: Clock
) -> None:
    """The same, and the account's password is this one afterwards, also if it was there before.

    A stage that is made anew on the same data has a new password. Who is no administrator (any
    more) is left alone.
    """
    if first_administrator(email, password, users=users, passwords=passwords, clock=clock):
        return
    found = users.by_email(_registration(email, password).email)
    if found is None or found.user.role is not Role.ADMIN:
        log.warning("%s is no administrator: `belfry users grant-admin` changes it", email)
    elif not passwords.matches(password, found.password_hash):
        users.set_password(found.user.id, passwords.hash(password))


def _registration(email: str, password: str) -> Registration:
    fields = {"username": "Administrator", "email": email, "password": password}
    try:
        return Registration.from_fields(fields)
    except InvalidInput as error:
        raise ConfigurationError(f"ADMINISTRATOR is not usable: {error}") from None


def when_available(
    act: Callable[[], object],
    *,
    monotonic: Callable[[], float],
    pause: Callable[[float], None],
) -> None:
    """Do what needs a part that may just be starting, and try again while that does not answer.

    For PATIENCE_SECONDS, then raises its error (an Unavailable); other errors at once.
    """
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            act()
            return
        except Unavailable as error:
            if monotonic() + LOOK_AGAIN_SECONDS > until:
                raise
            log.warning("tried again in %g s: %s %s", LOOK_AGAIN_SECONDS, error, error.__cause__)
        pause(LOOK_AGAIN_SECONDS)
