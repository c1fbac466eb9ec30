"""`belfry listen` as a person reads it: each event on a line, by the words of notifications."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from belfry.client import Event
from belfry.client.wire import read
from local_runner.command.listen_view import REMEMBERED, View

AT = "2026-01-05T10:20:30.123Z"


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def item(id_: str, message: str, **more: Any) -> dict[str, Any]:
    given = {"id": id_, "userId": "ada", "message": message, "priority": 3, "read": False}
    return {**given, "archived": False, "pinned": False, "createdAt": AT, "arrivedAt": AT, **more}


def event(type_: str, **more: Any) -> Event:
    return read(Event, {"type": type_, "seq": 5, "at": AT, "unreadCount": 2, **more})


@pytest.fixture
def view() -> View:
    """It has shown `Hello`, of id 1."""
    view = View("ada@example.com")
    assert shown(view, "notification", notifications=[item("1", "Hello")]) == "● Hello"
    return view


def shown(view: View, type_: str, **more: Any) -> str:
    """The line of an event, without its time and its count."""
    [line] = view.lines(event(type_, **more))
    begin, end = "10:20:30 ", "  · 2 unread"
    assert line.plain.startswith(begin)
    assert line.plain.endswith(end)
    return line.plain.removeprefix(begin).removesuffix(end)


def test_it_says_that_it_listens() -> None:
    [line] = View("ada@example.com").lines(Event("ready", 4, 3))
    assert line.plain == "listening as ada@example.com, 3 unread. Ctrl-C ends it."


def test_a_notification_with_all_that_it_has(view: View) -> None:
    link = "https://ci.example.com/42"
    full = item("2", "main is green", title="Build", category="ci", priority=5, link=link)
    line = shown(view, "notification", notifications=[full])
    assert line == f"● Build: main is green  (ci, priority 5, {link})"


def test_several_at_once_have_a_line_each(view: View) -> None:
    both = event("notification", notifications=[item("2", "a"), item("3", "b")])
    assert [line.plain[9:12] for line in view.lines(both)] == ["● a", "● b"]


@pytest.mark.parametrize(
    ("type_", "line"),
    [
        ("read", "read: Hello"),
        ("unread", "unread again: Hello"),
        ("archived", "archived: Hello"),
        ("unarchived", "out of the archive: Hello"),
        ("pinned", "pinned: Hello"),
        ("unpinned", "unpinned: Hello"),
        ("unsnoozed", "back from its snooze: Hello"),
        ("deleted", "deleted: Hello"),
        ("withdrawn", "withdrawn: Hello"),
        ("expired", "expired: Hello"),
        ("something", "something: Hello"),
    ],
)
def test_what_happened_to_a_notification(view: View, type_: str, line: str) -> None:
    assert shown(view, type_, ids=["1"]) == line


def test_a_snooze_says_until_when(view: View) -> None:
    line = shown(view, "snoozed", ids=["1"], until="2026-01-06T08:00:00.000Z")
    assert line == "snoozed until 2026-01-06 08:00: Hello"


def test_an_edited_one_shows_its_new_words(view: View) -> None:
    line = shown(view, "updated", ids=["1"], notifications=[item("1", "Hello, Ada")])
    assert line == "edited: Hello, Ada"
    assert shown(view, "read", ids=["1"]) == "read: Hello, Ada"


def test_many_are_counted_and_unknown_ones_named_by_their_id(view: View) -> None:
    assert shown(view, "read", ids=["1", "x", "y", "z", "w"]) == "read: Hello, x, y, and 2 more"


def test_what_is_too_much_to_show(view: View) -> None:
    assert shown(view, "changed") == "more than 100 were changed at once"
    assert shown(view, "resync") == "too much was missed to show it"


def test_control_characters_do_not_reach_the_terminal(view: View) -> None:
    evil = item("2", "a\x1b[31m\nb", title="\x07", category="\x1b]0;c", link="/\r")
    line = shown(view, "notification", notifications=[evil])
    assert line.isprintable()
    assert shown(view, "\x1b", ids=["\x1b1"]).isprintable()


def test_what_it_remembers_has_a_bound(view: View) -> None:
    for number in range(REMEMBERED):
        shown(view, "notification", notifications=[item(f"n{number}", "later")])
    assert shown(view, "read", ids=["1"]) == "read: 1"
    assert shown(view, "read", ids=["n0"]) == "read: later"


def test_a_long_message_is_cut_when_it_is_named(view: View) -> None:
    shown(view, "notification", notifications=[item("2", "long " * 100)])
    assert len(shown(view, "read", ids=["2"])) < 80
