"""Use cases: find people by the beginning of their name or address; see who is online."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from belfry.errors import InvalidInput
from belfry.model import Connection, OnlineTotals, User


class People(Protocol):
    """Everybody, in the order of their names (`sort_name`), then of their addresses."""

    def by_ids(self, ids: Collection[str]) -> Mapping[str, User]:
        """Those of them that exist."""

    def named(self, prefix: str, *, after: User | None, limit: int) -> Sequence[User]:
        """Whose `sort_name` begins so, by name."""

    def addressed(
        self, prefix: str, *, but_named: str, after: User | None, limit: int
    ) -> Sequence[User]:
        """Whose e-mail address begins so, without those named so, by address."""


class Presence(Protocol):
    """The connections, by their people."""

    def people(self, *, after: str | None, limit: int) -> Mapping[str, Sequence[Connection]]:
        """Up to `limit` people with their connections, by id, those after the id `after`."""

    def totals(self) -> OnlineTotals: ...


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A part of a list of people, and where to go on, None at the end."""

    items: Sequence[User]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class OnlinePage:
    """A part of those who are online, each with their connections; and how many there are."""

    items: Sequence[tuple[User, Sequence[Connection]]]
    next_cursor: str | None
    totals: OnlineTotals


def sort_name(name: str) -> str:
    """A name as it is compared: whatever the case."""
    return name.casefold()


def search(prefix: str, *, limit: int, cursor: str | None, people: People) -> PeoplePage:
    """Whose name or address begins so, whatever the case: first by name, then the others.

    The cursor is the id of the last person of the page before. Raises InvalidInput for another.
    """
    name, address = sort_name(prefix), prefix.lower()
    last = _person(cursor, people) if cursor else None
    named_before = last is None or sort_name(last.username).startswith(name)
    found: list[User] = []
    if named_before:
        found += people.named(name, after=last, limit=limit + 1)
    if prefix and len(found) <= limit:
        after = None if named_before else last
        found += people.addressed(
            address, but_named=name, after=after, limit=limit + 1 - len(found)
        )
    more = len(found) > limit
    return PeoplePage(found[:limit], found[limit - 1].id if more else None)


def online(*, limit: int, cursor: str | None, presence: Presence, people: People) -> OnlinePage:
    """Who has which WebSockets open, by the ids of the people."""
    found = presence.people(after=cursor, limit=limit + 1)
    ids = list(found)
    users = people.by_ids(ids[:limit])
    # A connection without an account is one of a database that was taken back to an earlier state.
    items = [(users[id_], found[id_]) for id_ in ids[:limit] if id_ in users]
    return OnlinePage(items, ids[limit - 1] if len(ids) > limit else None, presence.totals())


def _person(cursor: str, people: People) -> User:
    found = people.by_ids([cursor]).get(cursor)
    if found is None:
        raise InvalidInput.field("cursor", "is not a cursor of this list")
    return found
