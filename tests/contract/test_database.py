"""What holds for the database as a whole: its indexes, its making, and its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.monitoring import CommandListener, CommandStartedEvent

from belfry.adapters.mongo.database import OPERATION_MS, Database
from belfry.changes import Change, ChangeKind
from belfry.errors import ConfigurationError, StoreUnavailable
from belfry.idempotency import Key
from belfry.model import (
    Caller,
    Connection,
    DeadLetterFilter,
    DeadReason,
    Notification,
    Place,
    Role,
    new_id,
)
from belfry.views import View, order_of
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, LATER, arrived, dead_letter, mark, sent, user
from tests.fakes import NOON, Fakes
from tests.runner import free_port

CONNECTION = Connection("id=", ADA, "https://push.example.com/ws", NOON)
CALLER = Caller(ADA, Role.USER)
COLLECTIONS = {
    *("users", "notifications", "inboxes", "categories", "connections", "tickets"),
    *("dead_letters", "idempotency_keys", "statistics"),
    *("leavings", "subscriptions", "broadcasts"),
}
LETTER = dead_letter()
KEY = Key(ADA, "order-42", b"request")
ALL, FILTER = DeadLetterFilter(), DeadLetterFilter(DeadReason.PUSH_FAILED, ADA, NOON, LATER)

# Every method of every store, with arguments that would do.
CALLS: dict[str, Callable[[Deps], Any]] = {
    "store.check": lambda parts: parts.store.check(),
    "users.add": lambda parts: parts.users.add(user(), "hash"),
    "users.by_id": lambda parts: parts.users.by_id(ADA),
    "users.by_email": lambda parts: parts.users.by_email("ada@example.com"),
    "users.set_role": lambda parts: parts.users.set_role("ada@example.com", Role.ADMIN),
    "users.all": lambda parts: list(parts.users.all()),
    "recipients.exists": lambda parts: parts.recipients.exists(ADA),
    "outbox.add": lambda parts: parts.outbox.add(Notification("1", ADA, "Hello", NOON), LATER),
    "outbox.claim": lambda parts: parts.outbox.claim(LATER, LATER, 10),
    "outbox.postpone": lambda parts: parts.outbox.postpone(["1"], LATER),
    "outbox.settle": lambda parts: parts.outbox.settle(["1"]),
    "outbox.give_up": lambda parts: parts.outbox.give_up(["1"], "no use"),
    "outbox.reopen": lambda parts: parts.outbox.reopen(["1"], LATER),
    "backlog.overdue_since": lambda parts: parts.backlog.overdue_since(LATER),
    "outbox.states": lambda parts: parts.outbox.states(["1"]),
    "notifications.get": lambda parts: parts.notifications.get(ADA, "1"),
    "notifications.page": lambda parts: parts.notifications.page(
        ADA, View(), before=None, limit=10
    ),
    "notifications.page of unread": lambda parts: parts.notifications.page(
        ADA, View(read=False, since=NOON), before="1", limit=10
    ),
    "notifications.by_ids": lambda parts: parts.notifications.by_ids(["1"]),
    "notifications.acknowledge": lambda parts: parts.notifications.acknowledge(ADA, ["1"], NOON),
    "notifications.history": lambda parts: parts.notifications.history("1"),
    "inboxes.append": lambda parts: parts.inboxes.append(["1"], NOON),
    "inboxes.change": lambda parts: mark(parts, ADA, "1", read=True, now=NOON),
    "inboxes.change of a view": lambda parts: parts.inboxes.change(
        ADA, View(category="builds"), Change(ChangeKind.PIN), NOON
    ),
    "counts.of": lambda parts: parts.counts.of(ADA, [View(), View(category="a"), View(since=NOON)]),
    "scheduled.page": lambda parts: parts.scheduled.page(NOON, after=None, limit=10),
    "timers.due": lambda parts: parts.timers.due(NOON, 10),
    "inboxes.position": lambda parts: parts.inboxes.position(ADA),
    "inboxes.missed": lambda parts: parts.inboxes.missed(ADA, 0),
    "connections.add": lambda parts: parts.connections.add(CONNECTION),
    "connections.renew": lambda parts: parts.connections.renew(CONNECTION, LATER),
    "connections.of_users": lambda parts: parts.connections.of_users([ADA]),
    "connections.remove": lambda parts: parts.connections.remove(["id="]),
    "people.by_ids": lambda parts: parts.people.by_ids([ADA]),
    "people.named": lambda parts: parts.people.named("a", after=None, limit=10),
    "people.named after": lambda parts: parts.people.named("a", after=user(), limit=10),
    "people.addressed": lambda parts: parts.people.addressed(
        "a", but_named="a", after=None, limit=10
    ),
    "people.addressed after": lambda parts: parts.people.addressed(
        "a", but_named="a", after=user(), limit=10
    ),
    "presence.people": lambda parts: parts.presence.people(after=None, limit=10),
    "presence.totals": lambda parts: parts.presence.totals(),
    "idempotency_keys.claim": lambda parts: parts.idempotency_keys.claim(KEY, "1", NOON, LATER),
    "idempotency_keys.keep": lambda parts: parts.idempotency_keys.keep(KEY, "1", {}),
    "idempotency_keys.release": lambda parts: parts.idempotency_keys.release(KEY, "1", NOON),
    "idempotency_keys.forget": lambda parts: parts.idempotency_keys.forget(KEY, "1"),
    "statistics.since": lambda parts: parts.statistics.since(NOON),
    "tickets.add": lambda parts: parts.tickets.add("secret", CALLER, LATER),
    "tickets.redeem": lambda parts: parts.tickets.redeem("secret", NOON),
    "leavings.begin": lambda parts: parts.leavings.begin(ADA, NOON, NOON),
    "leavings.forget": lambda parts: parts.leavings.forget(BOB, NOON),
    "leavings.claim": lambda parts: parts.leavings.claim(LATER, LATER),
    "leavings.postpone": lambda parts: parts.leavings.postpone(ADA, LATER),
    "leavings.end": lambda parts: parts.leavings.end(ADA),
    "dead_letters.bury": lambda parts: parts.dead_letters.bury([LETTER]),
    "dead_letters.get": lambda parts: parts.dead_letters.get(LETTER.id),
    "dead_letters.page": lambda parts: parts.dead_letters.page(ALL, before=None, limit=10),
    "dead_letters.page of a person": lambda parts: parts.dead_letters.page(
        FILTER, before=LETTER.id, limit=10
    ),
    "dead_letters.oldest": lambda parts: parts.dead_letters.oldest(ALL, after=None, limit=10),
    "dead_letters.count": lambda parts: parts.dead_letters.count(ALL),
    "dead_letters.count of a person": lambda parts: parts.dead_letters.count(FILTER),
    "dead_letters.remove": lambda parts: parts.dead_letters.remove([LETTER]),
}
calls = pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))


@calls
def test_a_fake_that_is_down_says_so(call: Callable[[Deps], Any]) -> None:
    fakes = Fakes()
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        call(fakes.deps())


@pytest.fixture(scope="module")
def down() -> Iterator[Deps]:
    """The stores of a database that is not there, and that nobody waits for."""
    address = f"mongodb://127.0.0.1:{free_port()}"
    client: MongoClient[dict[str, Any]] = MongoClient(address, timeoutMS=20)
    with client:
        yield Deps(database=Database(client, "nowhere"))


def test_a_start_without_a_database_says_so(down: Deps) -> None:
    with pytest.raises(StoreUnavailable):
        down.database.migrate()


@calls
def test_a_database_that_is_down_is_unavailable_and_soon(
    down: Deps, call: Callable[[Deps], Any]
) -> None:
    started = time.monotonic()
    with pytest.raises(StoreUnavailable) as raised:
        call(down)
    assert raised.value.temporary
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("uri", ["", "http://localhost", "mongodb://", "mongodb://a:b:c@/"])
def test_an_address_that_is_none_is_named(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="MONGODB_URI"):
        Database.connect(uri, "belfry")


@pytest.mark.parametrize("name", ["", "a b", "a.b", "$x"])
def test_a_name_that_is_none_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match="MONGODB_DATABASE"):
        Database.connect("mongodb://127.0.0.1", name)


def test_making_the_indexes_again_changes_nothing(database: Database) -> None:
    def indexes() -> dict[str, Any]:
        made = database.users.database
        return {name: made[name].index_information() for name in made.list_collection_names()}

    arrived(Deps(database=database))
    before = indexes()
    database.migrate()
    assert indexes() == before
    assert before.keys() >= COLLECTIONS
    assert Deps(database=database).inboxes.position(ADA).seq == 1


class Commands(CommandListener):
    """Keeps how many milliseconds each command may take, by the command's name."""

    def __init__(self) -> None:
        self.limits: list[tuple[str, int | None]] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.limits.append((event.command_name, event.command.get("maxTimeMS")))

    def succeeded(self, event: object) -> None: ...

    def failed(self, event: object) -> None: ...


def test_an_index_over_much_has_more_time_than_an_operation(mongodb_uri: str) -> None:
    heard = Commands()
    client: MongoClient[dict[str, Any]] = MongoClient(
        mongodb_uri, timeoutMS=OPERATION_MS, event_listeners=[heard]
    )
    with client:
        Database(client, "indexes").migrate()
        client.drop_database("indexes")
    limits = [limit for name, limit in heard.limits if name == "createIndexes"]
    assert limits
    assert all(limit is None or limit > 600_000 for limit in limits)


def test_every_query_is_by_an_index_and_none_sorts_in_memory(database: Database) -> None:
    """The profiler of the server itself sees each query as it was run."""
    parts = Deps(database=database)
    for who in (ADA, BOB):
        arrived(parts, who, 3)
    sent(parts, id_="0")
    database.users.database.command("profile", 2)
    for call in CALLS.values():
        call(parts)
    database.users.database.command("profile", 0)
    entries = [
        entry
        for entry in database.users.database["system.profile"].find({"planSummary": {"$ne": None}})
        if not entry["ns"].endswith("system.profile")
    ]
    unindexed = [entry for entry in entries if "COLLSCAN" in entry["planSummary"]]
    assert [entry["command"] for entry in unindexed] == []
    assert [entry["command"] for entry in entries if entry.get("hasSortStage")] == []
    seen = {entry["ns"].partition(".")[2] for entry in entries}
    assert seen == COLLECTIONS


VIEWS = [
    View(),
    View(read=True),
    View(read=False),
    View(category="builds"),
    View(priority=5),
    View(read=False, category="builds", priority=5),
    View(since=NOON),
    View(Place.ARCHIVED),
]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_page_reads_no_more_than_it_shows(empty_database: Database, view: View) -> None:
    """Of a view of 30, among many others: five, and nothing of what the filter leaves out."""
    parts = Deps(database=empty_database)
    ids = [
        kept(parts, category=category, priority=priority)
        for _ in range(30)
        for category, priority in (("builds", 5), ("news", 1))
    ]
    for id_ in ids[::4]:
        mark(parts, ADA, id_, read=True, now=NOON + timedelta(seconds=1))
    parts.inboxes.change(ADA, ids[-20:], Change(ChangeKind.ARCHIVE), NOON)
    arrived(parts, BOB, 30)
    page = parts.notifications.page(ADA, view, before=None, limit=3)
    whole = empty_database.users.database
    whole.drop_collection("system.profile")
    whole.command("profile", 2)
    assert len(parts.notifications.page(ADA, view, before=order_of(page[-1]), limit=5)) == 5
    parts.counts.of(ADA, [view])
    whole.command("profile", 0)
    profile = whole["system.profile"]
    [read] = [each for each in profile.find({"op": "query"}) if "sort" in each["command"]]
    assert (read["docsExamined"], read.get("hasSortStage")) == (5, None)
    counted = sum(e.get("docsExamined", 0) for e in profile.find({"op": "query"})) - 5
    assert counted <= 2  # the inbox, and the category
    assert view.since or not profile.count_documents({"command.aggregate": "notifications"})


def kept(parts: Deps, **fields: Any) -> str:
    item = Notification(new_id(), ADA, "Hello", NOON, **fields)
    parts.outbox.add(item, LATER)
    parts.inboxes.append([item.id], NOON)
    return item.id
