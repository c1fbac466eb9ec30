"""What tests share: one real MongoDB and RabbitMQ, an empty database each, and real runners."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from belfry.adapters.mongo.database import Database
from local_runner.servers.mongod import EmbeddedMongod
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq
from tests.runner import Belfry


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MongoDB for the whole run."""
    with EmbeddedMongod(tmp_path_factory.mktemp("mongod")) as mongod:
        yield mongod.uri


@pytest.fixture(scope="session")
def rabbitmq_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rabbitmq")


@pytest.fixture(scope="session")
def rabbitmq_url(rabbitmq_folder: Path) -> Iterator[str]:
    """A real RabbitMQ for the whole run, started when the first test asks for it."""
    with EmbeddedRabbitmq(rabbitmq_folder) as rabbitmq:
        yield rabbitmq.uri


@pytest.fixture
def database(mongodb_uri: str) -> Iterator[Database]:
    """An empty database with its indexes."""
    database = Database.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    database.migrate()
    yield database
    database.client.drop_database(database.users.database.name)
    database.client.close()


@pytest.fixture(scope="module")
def belfry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belfry]:
    """A runner that the tests of a module share."""
    yield from _running(tmp_path_factory.mktemp("belfry"))


@pytest.fixture
def own_belfry(tmp_path: Path) -> Iterator[Belfry]:
    """A runner for one test, which may kill it."""
    yield from _running(tmp_path)


def _running(folder: Path) -> Iterator[Belfry]:
    runner = Belfry(folder / "data")
    with runner:
        yield runner
