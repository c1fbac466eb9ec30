"""The fakes of the ports `People` and `Presence`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from belfry.model import Connection, OnlineTotals, User
from belfry.people import sort_name

if TYPE_CHECKING:
    from tests.fakes import Memory


class FakePeople:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def by_ids(self, ids: Collection[str]) -> Mapping[str, User]:
        return {user.id: user for user in self._all() if user.id in ids}

    def named(self, prefix: str, *, after: User | None, limit: int) -> Sequence[User]:
        found = [user for user in self._all() if sort_name(user.username).startswith(prefix)]
        return [
            user for user in sorted(found, key=_name) if not after or _name(user) > _name(after)
        ][:limit]

    def addressed(
        self, prefix: str, *, but_named: str, after: User | None, limit: int
    ) -> Sequence[User]:
        found = [
            user
            for user in self._all()
            if user.email.startswith(prefix)
            and not sort_name(user.username).startswith(but_named)
            and (after is None or user.email > after.email)
        ]
        return sorted(found, key=lambda user: user.email)[:limit]

    def _all(self) -> Iterable[User]:
        return [stored.user for stored in self._memory.tables.users.values()]


class FakePresence:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def people(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[Connection]]:
        found: dict[str, list[Connection]] = {}
        for each in sorted(self._memory.tables.connections.values(), key=_age):
            found.setdefault(each.user_id, []).append(each)
        ids = sorted(id_ for id_ in found if after is None or id_ > after)
        return {id_: found[id_] for id_ in ids[:limit]}

    def totals(self) -> OnlineTotals:
        connections = self._memory.tables.connections.values()
        return OnlineTotals(len({each.user_id for each in connections}), len(connections))


def _name(user: User) -> tuple[str, str]:
    return sort_name(user.username), user.id


def _age(connection: Connection) -> tuple[object, str]:
    return connection.connected_at, connection.id
