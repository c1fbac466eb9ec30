"""users.list and users.online: finding people, and seeing who is there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.model import Connection, Role, User, new_id
from belfry.people import search, sort_name
from functions.users import list as list_
from functions.users import online
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event


def ask(fakes: Fakes, path: str, query: dict[str, str], role: Role = Role.ADMIN) -> Answer:
    handler = list_.handler if path == "/api/users" else online.handler
    return call(handler, http_event("GET", path, query=query, role=role), fakes.deps())


def add(fakes: Fakes, name: str, email: str) -> User:
    user = User(new_id(), name, email, Role.USER, NOON)
    fakes.users.add(user, "hash")
    return user


def test_names_come_first_and_then_addresses(fakes: Fakes) -> None:
    add(fakes, "Zoe", "adam@example.com")
    add(fakes, "ADAM", "x@example.com")
    found = ask(fakes, "/api/users", {"search": "aDa"})
    assert [each["username"] for each in found.body["items"]] == ["Ada", "ADAM", "Zoe"]
    assert found.body["nextCursor"] is None


def test_without_a_search_everybody_comes_by_name(fakes: Fakes) -> None:
    add(fakes, "aaron", "z@example.com")
    found = ask(fakes, "/api/users", {})
    assert [each["username"] for each in found.body["items"]] == ["aaron", "Ada", "Bob"]
    assert "password" not in str(found.body)


@pytest.mark.parametrize("path", ["/api/users", "/api/online"])
def test_only_administrators_see_others(fakes: Fakes, path: str) -> None:
    assert ask(fakes, path, {}, Role.USER).status == 403


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"search": ""}, "search"),
        ({"search": "x" * 255}, "search"),
        ({"search": "a\0"}, "search"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "019ab3c2-7f00-7c3e-9a51-0242ac120002"}, "cursor"),
        ({"$where": "1"}, "$where"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_named(fakes: Fakes, query: dict[str, str], pointer: str) -> None:
    found = ask(fakes, "/api/users", query)
    assert (found.status, found.pointers()) == (400, [pointer])


NAMES = st.text(st.sampled_from("aAbBß"), min_size=1, max_size=3)


@given(names=st.lists(st.tuples(NAMES, NAMES), max_size=12), prefix=NAMES, limit=st.integers(1, 5))
def test_pages_hold_everybody_once_in_order(
    names: list[tuple[str, str]], prefix: str, limit: int
) -> None:
    fakes = Fakes()
    people = [
        add(fakes, name, f"{address.lower()}{number}@x")
        for number, (name, address) in enumerate(names)
    ]
    found: list[User] = []
    cursor: str | None = None
    while True:
        page = search(prefix, limit=limit, cursor=cursor, people=fakes.people)
        found += page.items
        assert len(page.items) == limit or page.next_cursor is None
        if (cursor := page.next_cursor) is None:
            break
    by_name = [each for each in people if sort_name(each.username).startswith(sort_name(prefix))]
    by_address = [each for each in people if each.email.startswith(prefix.lower())]
    assert found[: len(by_name)] == sorted(by_name, key=lambda u: (sort_name(u.username), u.id))
    rest = [each for each in by_address if each not in by_name]
    assert found[len(by_name) :] == sorted(rest, key=lambda user: user.email)


def open_socket(fakes: Fakes, who: str, id_: str, second: int = 0) -> None:
    at = NOON + timedelta(seconds=second)
    fakes.connections.add(Connection(id_, who, "https://push.example.com/ws", at))


def test_who_is_online_comes_with_their_connections(fakes: Fakes) -> None:
    open_socket(fakes, BOB, "laptop=")
    open_socket(fakes, ADA, "young=", 2)
    open_socket(fakes, ADA, "old=", 1)
    first = ask(fakes, "/api/online", {"limit": "1"}).body
    assert (first["people"], first["connections"]) == (2, 3)
    [ada] = first["items"]
    assert ada["user"]["id"] == ADA
    assert ada["connections"] == [
        {"id": "old=", "connectedAt": "2026-01-05T12:00:01.000Z"},
        {"id": "young=", "connectedAt": "2026-01-05T12:00:02.000Z"},
    ]
    assert first["nextCursor"] == ADA


def test_pages_of_who_is_online_end(fakes: Fakes) -> None:
    people = [add(fakes, "Cyd", f"{number}@example.com") for number in range(3)]
    for person in people:
        open_socket(fakes, person.id, f"{person.id}=")
    seen: list[str] = []
    query = {"limit": "2"}
    for items in (2, 1):
        page = ask(fakes, "/api/online", query).body
        assert len(page["items"]) == items
        seen += [each["user"]["id"] for each in page["items"]]
        query["cursor"] = page["nextCursor"]
    assert seen == sorted(each.id for each in people)
    assert query["cursor"] is None


def test_a_connection_without_an_account_is_left_out(fakes: Fakes) -> None:
    open_socket(fakes, "nobody", "phone=")
    found = ask(fakes, "/api/online", {}).body
    assert (found["items"], found["connections"]) == ([], 1)
