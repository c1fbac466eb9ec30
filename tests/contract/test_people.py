"""What the ports `People` and `Presence` promise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.people import MongoPeople
from belfry.adapters.mongo.users import MongoUsers, give_name_keys
from belfry.model import Connection, OnlineTotals, Role, User, new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB
from tests.fakes import NOON

NAMES = {
    "ada@example.com": "Ada",
    "lovelace@example.com": "ada lovelace",
    "adam@example.com": "Bob",
    "zoe@example.com": "ADA",
    "strasse@example.com": "Straße 1",
    "$where@example.com": "a.*d",
}


def added(parts: Deps) -> dict[str, User]:
    """People by their addresses."""
    people = {email: User(new_id(), name, email, Role.USER, NOON) for email, name in NAMES.items()}
    for person in people.values():
        parts.users.add(person, "hash")
    return people


def test_people_are_found_by_their_ids(parts: Deps) -> None:
    people = added(parts)
    ada, bob = people["ada@example.com"], people["adam@example.com"]
    assert parts.people.by_ids([ada.id, bob.id, "nobody"]) == {ada.id: ada, bob.id: bob}
    assert parts.people.by_ids([]) == {}


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("ada", ["ada@example.com", "zoe@example.com", "lovelace@example.com"]),
        ("ada ", ["lovelace@example.com"]),
        ("strasse", ["strasse@example.com"]),
        ("a.*", ["$where@example.com"]),
        ("da", []),
    ],
)
def test_names_are_found_by_how_they_begin(parts: Deps, prefix: str, found: list[str]) -> None:
    added(parts)
    assert [each.email for each in parts.people.named(prefix, after=None, limit=10)] == found


def test_addresses_are_found_unless_the_name_is(parts: Deps) -> None:
    added(parts)
    found = parts.people.addressed("ada", but_named="ada", after=None, limit=10)
    assert [each.email for each in found] == ["adam@example.com"]
    [one] = parts.people.addressed("$", but_named="$", after=None, limit=10)
    assert one.email == "$where@example.com"


def test_both_lists_go_on_behind_a_person(parts: Deps) -> None:
    people = added(parts)
    everybody = list(parts.people.named("", after=None, limit=10))
    assert len(everybody) == len(people)
    for place, person in enumerate(everybody):
        rest = parts.people.named("", after=person, limit=10)
        assert list(rest) == everybody[place + 1 :]
    zed = User(new_id(), "Carl", "zed@example.com", Role.USER, NOON)
    parts.users.add(zed, "hash")
    first, second = parts.people.addressed("z", but_named="z", after=None, limit=10)
    assert (first, second) == (zed, people["zoe@example.com"])
    assert list(parts.people.addressed("z", but_named="z", after=first, limit=10)) == [second]
    assert list(parts.people.addressed("z", but_named="z", after=second, limit=10)) == []


def test_accounts_of_earlier_versions_are_found_after_migrating(empty_database: Database) -> None:
    users, people = MongoUsers(empty_database), MongoPeople(empty_database)
    users.add(User("1", "Grace", "g@example.com", Role.USER, NOON), "hash")
    empty_database.users.update_one({"_id": "1"}, {"$unset": {"name_key": True}})
    assert list(people.named("grace", after=None, limit=10)) == []
    give_name_keys(empty_database)
    give_name_keys(empty_database)
    assert [each.id for each in people.named("grace", after=None, limit=10)] == ["1"]


def opened(parts: Deps, who: str, *ids: str) -> list[Connection]:
    connections = [
        Connection(id_, who, "https://push.example.com/ws", NOON + timedelta(seconds=second))
        for second, id_ in enumerate(ids)
    ]
    for connection in connections:
        parts.connections.add(connection)
    return connections


def test_connections_are_grouped_by_their_people(parts: Deps) -> None:
    bobs = opened(parts, BOB, "2", "1")
    adas = opened(parts, ADA, "3")
    assert list(parts.presence.people(after=None, limit=10).items()) == [(ADA, adas), (BOB, bobs)]
    assert list(parts.presence.people(after=None, limit=1)) == [ADA]
    assert list(parts.presence.people(after=ADA, limit=10)) == [BOB]
    assert parts.presence.people(after=BOB, limit=10) == {}
    assert parts.presence.totals() == OnlineTotals(people=2, connections=3)


def test_nobody_is_online_where_nobody_is(parts: Deps) -> None:
    assert parts.presence.people(after=None, limit=10) == {}
    assert parts.presence.totals() == OnlineTotals()


def test_looking_for_people_reads_no_more_than_it_shows(database: Database) -> None:
    parts = Deps(database=database)
    for number in range(200):
        name = f"{'ada' if number % 10 == 0 else 'bob'} {number}"
        email = f"{number:03d}@example.com"
        parts.users.add(User(new_id(), name, email, Role.USER, NOON), "hash")
    database.users.database.command("profile", 2)
    assert len(parts.people.named("ada", after=None, limit=5)) == 5
    assert len(parts.people.addressed("00", but_named="00", after=None, limit=5)) == 5
    database.users.database.command("profile", 0)
    profile = list(database.users.database["system.profile"].find({"op": "query"}))
    assert [entry["docsExamined"] <= 7 for entry in profile] == [True, True]
    assert all("IXSCAN" in entry["planSummary"] for entry in profile)
    assert not any(entry.get("hasSortStage") for entry in profile)
