"""The Python client against a real runner: all that it offers, and a listener that outlives it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import uuid4

import pytest

from belfry.client import Belfry, Event, Problem
from belfry.client.http import Http
from belfry.client.listening import Listener
from belfry.client.stream import Lost
from tests import runner
from tests.runner import bearer

SOON = 20.0


@pytest.fixture
def admin(belfry: runner.Belfry) -> Iterator[Belfry]:
    with Belfry.log_in(belfry.url, belfry.admin_email, belfry.admin_password) as client:
        yield client


class Person:
    """Somebody new, with a client of their own."""

    def __init__(self, belfry: runner.Belfry) -> None:
        self.name = f"p{uuid4().hex[:12]}"
        self.user, self.token = belfry.person(self.name)
        self.id: str = self.user["id"]
        self.client = Belfry(belfry.url, self.token)


@pytest.fixture
def ada(belfry: runner.Belfry) -> Iterator[Person]:
    person = Person(belfry)
    yield person
    person.client.close()


def eventually(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SOON
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def arrived(person: Person, count: int) -> list[str]:
    """The messages in the inbox, when there are so many."""
    eventually(lambda: len(list(person.client.inbox())) == count)
    return [item.message for item in person.client.inbox()]


class Listening:
    """What a listener has heard."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def follow(self, events: AsyncGenerator[Event, None]) -> None:
        async with aclosing(events):
            async for event in events:
                self.events.append(event)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not condition():
                await asyncio.sleep(0.01)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@asynccontextmanager
async def hearing(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Listening, None]:
    listening = Listening()
    task = asyncio.create_task(listening.follow(events))
    try:
        await listening.until(lambda: listening.types == ["ready"] or task.done())
        yield listening
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_what_is_sent_is_in_the_inbox_with_all_that_it_has(admin: Belfry, ada: Person) -> None:
    sent = admin.send(ada.id, "Hi", title="T", category="c", priority=5, link="/x", data={"a": [1]})
    assert arrived(ada, 1) == ["Hi"]
    item = ada.client.get(sent.id)
    assert (item.title, item.category, item.priority, item.link) == ("T", "c", 5, "/x")
    assert (item.data, item.read, item.user_id) == ({"a": [1]}, False, ada.id)
    assert item.arrived_at
    assert item.created_at.tzinfo is not None


def test_a_key_sends_once(admin: Belfry, ada: Person) -> None:
    key = str(uuid4())
    first, again = (admin.send(ada.id, "Once", idempotency_key=key) for _ in range(2))
    assert first == again
    with pytest.raises(Problem) as other:
        admin.send(ada.id, "Another", idempotency_key=key)
    assert other.value.status == 422
    assert arrived(ada, 1) == ["Once"]


def test_an_inbox_is_filtered_counted_and_changed(admin: Belfry, ada: Person) -> None:
    for number in range(7):
        admin.send(ada.id, str(number), category="even" if number % 2 == 0 else "odd")
    arrived(ada, 7)
    mine = ada.client
    assert mine.counts([{}, {"category": "odd"}, {"archived": True}]).counts == (7, 3, 0)
    archived = mine.change("archive", where={"category": "odd"})
    assert (archived.changed, archived.unread_count) == (3, 4)
    assert {item.message for item in mine.inbox(archived=True)} == {"1", "3", "5"}
    rest = [item.id for item in mine.inbox()]
    assert mine.read(*rest[:2]).unread_count == 2
    assert len(list(mine.inbox(unread=True))) == 2
    mine.snooze(rest[0], until=datetime.now(UTC) + timedelta(hours=1))
    mine.change("pin", ids=[rest[3]])
    mine.delete(rest[1])
    assert [item.id for item in mine.inbox()] == [rest[3], rest[2]]
    [snoozed] = mine.inbox(snoozed=True)
    assert snoozed.snoozed_until
    with pytest.raises(Problem) as gone:
        mine.get(rest[1])
    assert gone.value.status == 404


def test_a_sender_replaces_withdraws_and_plans(admin: Belfry, ada: Person) -> None:
    sent = admin.send(ada.id, "Wrnog", title="T")
    arrived(ada, 1)
    edited = admin.replace(sent.id, "Wrong")
    assert (edited.message, edited.title) == ("Wrong", None)
    assert edited.edited_at
    admin.withdraw(sent.id)
    assert arrived(ada, 0) == []
    later = admin.send(ada.id, "Later", deliver_at=datetime.now(UTC) + timedelta(hours=1))
    assert later.id in [item.id for item in admin.scheduled()]
    admin.withdraw(later.id)
    assert later.id not in [item.id for item in admin.scheduled()]


def test_a_broadcast_reaches_those_who_subscribed(
    admin: Belfry, ada: Person, belfry: runner.Belfry
) -> None:
    topic = f"t-{ada.name}"
    ada.client.subscribe(topic)
    assert ada.client.topics() == [topic]
    sent = admin.broadcast("To all of you", topic=topic)
    assert arrived(ada, 1) == ["To all of you"]
    eventually(lambda: admin.broadcast_status(sent.id).state == "finished")
    status = eventually(lambda: (now := admin.broadcast_status(sent.id)).delivered == 1 and now)
    assert (status.total, status.accepted, status.failed) == (1, 1, 0)
    assert (status.to.kind, status.to.topic) == ("topic", topic)
    assert sent.id in [each.id for each in islice(admin.broadcasts(), 20)]
    ada.client.unsubscribe(topic)
    assert ada.client.topics() == []
    bob = Person(belfry)
    admin.broadcast("Both of you", users=[ada.id, bob.id])
    assert arrived(bob, 1) == ["Both of you"]
    bob.client.close()


def test_people_are_found_and_a_notification_is_traced(admin: Belfry, ada: Person) -> None:
    [found] = admin.users(ada.name)
    assert (found.id, found.role) == (ada.id, "user")
    sent = admin.send(ada.id, "Where are you?")
    eventually(lambda: admin.trace(sent.id).state == "dispatched")
    trace = admin.trace(sent.id)
    assert [step.step for step in trace.steps] == ["accepted", "queued", "attempt", "dispatched"]


def test_what_is_wrong_is_said(belfry: runner.Belfry, admin: Belfry, ada: Person) -> None:
    with pytest.raises(Problem) as nobody:
        admin.send(str(uuid4()), "Hi")
    assert (nobody.value.status, nobody.value.type) == (422, "unknown-recipient")
    with pytest.raises(Problem) as long:
        admin.send(ada.id, "Hi", title="x" * 201)
    assert [error.pointer for error in long.value.errors] == ["/title"]
    with pytest.raises(Problem) as refused:
        ada.client.send(ada.id, "Hi")
    assert refused.value.status == 403
    with (
        Belfry.log_in(belfry.url, ada.user["email"], "wrong") as wrong,
        pytest.raises(Problem) as no,
    ):
        wrong.topics()
    assert (no.value.status, no.value.type) == (401, "wrong-credentials")


class NoSockets(Listener):
    """A listener where WebSockets are blocked."""

    async def _open(self) -> Any:
        raise Lost("blocked")


@pytest.mark.parametrize("sockets", [True, False], ids=["a socket", "polling"])
def test_a_listener_hears_every_event(admin: Belfry, ada: Person, sockets: bool) -> None:
    def change_everything() -> None:
        mine = ada.client
        sent = admin.send(ada.id, "Hello")
        arrived(ada, 1)
        for change in ("read", "unread", "archive", "unarchive", "pin", "unpin"):
            mine.change(change, ids=[sent.id])
        mine.snooze(sent.id, until=datetime.now(UTC) + timedelta(hours=1))
        mine.change("unsnooze", ids=[sent.id])
        admin.replace(sent.id, "Hello again")
        mine.delete(sent.id)

    async def test() -> None:
        http = Http(ada.client._http.url, lambda: ada.token)
        events = ada.client.listen() if sockets else NoSockets(http).events()
        async with hearing(events) as heard:
            await asyncio.to_thread(change_everything)
            await heard.until(lambda: heard.types[-1] == "deleted")
        http.close()
        assert heard.types == [
            "ready",
            "notification",
            "read",
            "unread",
            "archived",
            "unarchived",
            "pinned",
            "unpinned",
            "snoozed",
            "unsnoozed",
            "updated",
            "deleted",
        ]
        assert [event.seq for event in heard.events] == list(range(12))
        assert heard.events[8].until
        # A poll can come when it is gone already: events bring what there is now.
        edited = [item.message for item in heard.events[10].notifications]
        assert edited == ["Hello again"] or not (sockets or edited)

    asyncio.run(test())


def test_a_listener_outlives_the_runner(own_belfry: runner.Belfry) -> None:
    ada = Person(own_belfry)
    headers = bearer(own_belfry.admin_token())

    def send(count: int) -> None:
        for number in range(count):
            body = {"userId": ada.id, "message": str(number)}
            own_belfry.answer(
                own_belfry.http.post("/api/notifications", json=body, headers=headers), 201
            )

    async def test() -> None:
        async with hearing(ada.client.listen()) as heard:

            def messages() -> list[str]:
                return [item.message for event in heard.events for item in event.notifications]

            await asyncio.to_thread(send, 3)
            await heard.until(lambda: len(messages()) == 3)
            own_belfry.kill()
            await asyncio.to_thread(own_belfry.start)
            await asyncio.to_thread(send, 3)
            await heard.until(lambda: len(messages()) >= 6)
            assert sorted(messages()) == ["0", "0", "1", "1", "2", "2"]
            assert "resync" not in heard.types
            seqs = [event.seq for event in heard.events]
            assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))

    asyncio.run(test())
    ada.client.close()


def command(belfry: runner.Belfry, *arguments: str, status: int = 0) -> str:
    run = [sys.executable, "-m", "local_runner.command", *arguments, "--data", str(belfry.folder)]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(
        run, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr if status else done.stdout


def test_the_command_sends_by_address_and_by_id(belfry: runner.Belfry, ada: Person) -> None:
    email = ada.user["email"]
    assert f"to {email}" in command(belfry, "send", email, "By address")
    assert f"to {ada.id}" in command(belfry, "send", ada.id, "By id", "--priority", "5")
    assert set(arrived(ada, 2)) == {"By address", "By id"}
    assert f"Did you mean {email}?" in command(belfry, "send", ada.name, "Hi", status=1)
    assert "belfry users list" in command(belfry, "send", "nobody@example.com", "Hi", status=1)
    assert "no person with this id" in command(belfry, "send", str(uuid4()), "Hi", status=1)
