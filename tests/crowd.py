"""Many people at once: accounts that the API did not make, which would hash a password for each."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.users import MongoUsers
from belfry.adapters.tokens.issuer import JwtIssuer
from belfry.model import Role, User, new_id
from local_runner.command.home import Home

AT_ONCE = 16


def crowd(database: Database, count: int) -> Sequence[User]:
    """So many new accounts, to which no password fits."""
    now = datetime.now(UTC)
    people = [
        User(new_id(), f"Person {number}", f"person{number}@example.com", Role.USER, now)
        for number in range(count)
    ]
    users = MongoUsers(database)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(lambda user: users.add(user, "none"), people):
            pass
    return people


def tokens(home: Home, people: Sequence[User]) -> Sequence[str]:
    """A token for each, signed with the key of the installation."""
    issuer = JwtIssuer(home.environment()["TOKEN_PRIVATE_KEY"], lambda: datetime.now(UTC))
    return [issuer.issue(user)[0] for user in people]
