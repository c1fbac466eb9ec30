"""Use cases: register, log in, look oneself up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from belfry.errors import NotFound, WrongCredentials
from belfry.model import Role, User, new_id
from belfry.ports import Clock, Passwords, TokenIssuer, Users

if TYPE_CHECKING:
    from belfry.inputs.accounts import Credentials, Registration


@dataclass(frozen=True, slots=True)
class Token:
    """A signed token, valid for `expires_in` seconds."""

    token: str
    expires_in: int


def register(
    registration: Registration,
    *,
    users: Users,
    passwords: Passwords,
    clock: Clock,
    role: Role = Role.USER,
) -> User:
    """Create an account. Raises EmailTaken."""
    user = User(
        id=new_id(),
        username=registration.username.strip(),
        email=registration.email,
        role=role,
        created_at=clock(),
    )
    users.add(user, passwords.hash(registration.password))
    return user


def log_in(
    credentials: Credentials, *, users: Users, passwords: Passwords, tokens: TokenIssuer
) -> Token:
    """Exchange e-mail address and password for a token.

    Raises WrongCredentials alike for a wrong password and an unknown address, after the same work,
    so that nobody can find out who has an account.
    """
    stored = users.by_email(credentials.email.strip().lower())
    right = passwords.matches(credentials.password, stored.password_hash if stored else None)
    if stored is None or not right:
        raise WrongCredentials("The e-mail address or the password is wrong.")
    return Token(*tokens.issue(stored.user))


def look_up(user_id: str, *, users: Users) -> User:
    """The account. Raises NotFound when it is gone."""
    user = users.by_id(user_id)
    if user is None:
        raise NotFound("This account does not exist any more.")
    return user
