"""Every contract test runs twice: on the fakes, and on the real thing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from belfry.adapters.mongo.database import Database
from belfry.wiring import Deps
from tests.fakes import fake_deps


@pytest.fixture(scope="session")
def shared_database(mongodb_uri: str) -> Iterator[Database]:
    database = Database.connect(mongodb_uri, "contract")
    database.migrate()
    yield database
    database.client.close()


@pytest.fixture
def empty_database(shared_database: Database) -> Database:
    """A database with nothing in it. Emptying one is much faster than making one."""
    each = shared_database
    for collection in (each.users, each.notifications, each.inboxes, each.connections):
        collection.delete_many({})
    for collection in (each.tickets, each.idempotency_keys, each.statistics):
        collection.delete_many({})
    for collection in (each.dead_letters, each.broadcasts, each.subscriptions):
        collection.delete_many({})
    return shared_database


@pytest.fixture(params=["fake", "mongodb"])
def parts(request: pytest.FixtureRequest) -> Deps:
    """The stores: all of one kind, and empty."""
    if request.param == "fake":
        return fake_deps()
    database: Database = request.getfixturevalue("empty_database")
    return Deps(database=database)
