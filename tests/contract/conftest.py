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
    whole = shared_database.users.database
    for name in set(whole.list_collection_names()) - {"meta", "system.profile"}:
        whole[name].delete_many({})
    return shared_database


@pytest.fixture(params=["fake", "mongodb"])
def parts(request: pytest.FixtureRequest) -> Deps:
    """The stores: all of one kind, and empty."""
    if request.param == "fake":
        return fake_deps()
    database: Database = request.getfixturevalue("empty_database")
    return Deps(database=database)
