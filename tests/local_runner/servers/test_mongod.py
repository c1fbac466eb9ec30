"""The embedded MongoDB, on the real server: it keeps its data through every kind of end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from local_runner.servers.mongod import EmbeddedMongod, MongodError

RUNNER = """
import sys
from pathlib import Path
from local_runner.servers.mongod import EmbeddedMongod
mongod = EmbeddedMongod(Path(sys.argv[1]))
mongod.start()
print(mongod.uri, mongod.pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def collection(mongod: EmbeddedMongod) -> Iterator[Collection[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongod.uri, serverSelectionTimeoutMS=20_000) as client:
        yield client["test"].get_collection(
            "things", write_concern=WriteConcern("majority", j=True)
        )


def add(mongod: EmbeddedMongod, number: int) -> None:
    with collection(mongod) as things:
        things.insert_one({"_id": number})


def numbers(mongod: EmbeddedMongod) -> list[int]:
    with collection(mongod) as things:
        return sorted(thing["_id"] for thing in things.find())


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_fresh_folder_gets_a_replica_set_that_takes_majority_writes(tmp_path: Path) -> None:
    with EmbeddedMongod(tmp_path / "mongodb") as mongod:
        add(mongod, 1)
        assert numbers(mongod) == [1]


def test_data_and_address_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    with mongod:
        uri = mongod.uri
        add(mongod, 1)
    assert mongod.pid is None
    with EmbeddedMongod(tmp_path) as again:
        assert again.uri == uri
        assert numbers(again) == [1]


def test_a_killed_server_comes_back_with_its_data(tmp_path: Path) -> None:
    with EmbeddedMongod(tmp_path) as mongod:
        add(mongod, 1)
        for number in (2, 3):
            killed = mongod.pid
            assert killed
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda killed=killed: mongod.pid not in {None, killed})  # type: ignore[misc]
            add(mongod, number)
        assert numbers(mongod) == [1, 2, 3]


def test_a_client_that_is_connected_recovers_by_itself(tmp_path: Path) -> None:
    with EmbeddedMongod(tmp_path) as mongod, collection(mongod) as things:
        things.insert_one({"_id": 1})
        assert mongod.pid
        os.kill(mongod.pid, signal.SIGKILL)
        things.insert_one({"_id": 2})
        assert things.count_documents({}) == 2


def test_stopping_while_the_server_is_down_ends_the_restarts(tmp_path: Path) -> None:
    mongod = EmbeddedMongod(tmp_path)
    mongod.start()
    assert mongod.pid
    os.kill(mongod.pid, signal.SIGKILL)
    mongod.stop()
    assert mongod.pid is None


def test_the_server_of_a_killed_runner_is_ended_and_its_data_are_kept(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as runner:
        assert runner.stdout
        uri, orphan = runner.stdout.readline().split()
        with MongoClient[dict[str, Any]](uri) as client:
            client["test"]["things"].insert_one({"_id": 1})
        runner.kill()
    assert is_running(int(orphan))
    with EmbeddedMongod(tmp_path) as mongod:
        assert mongod.uri == uri
        assert mongod.pid != int(orphan)
        assert numbers(mongod) == [1]


def test_a_second_runner_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with EmbeddedMongod(tmp_path) as first:
        with pytest.raises(MongodError, match=rf"process {os.getpid()}\) uses the data"):
            EmbeddedMongod(tmp_path).start()
        add(first, 1)
        assert numbers(first) == [1]


def test_it_moves_when_another_mongod_took_its_port(tmp_path: Path) -> None:
    mine, others = tmp_path / "mine", tmp_path / "others"
    with EmbeddedMongod(mine) as mongod:
        uri = mongod.uri
        add(mongod, 1)
    others.mkdir()
    (others / "port").write_text((mine / "port").read_text())
    with EmbeddedMongod(others) as other, EmbeddedMongod(mine) as moved:
        assert other.uri == uri
        assert moved.uri != uri
        add(moved, 2)
        assert numbers(moved) == [1, 2]
        assert numbers(other) == []


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "mongod"
    broken.write_text(
        "#!/bin/sh\n"
        'echo "mongod: error while loading shared libraries: libcurl.so.4: cannot open" >&2\n'
        "exit 127\n"
    )
    broken.chmod(0o755)
    with pytest.raises(MongodError, match="apt-get install libcurl4"):
        EmbeddedMongod(tmp_path / "data", binary=broken).start()


def test_the_reason_of_a_server_that_does_not_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(MongodError, match=r"cacheSizeGB must be .*mongod\.log"):
        EmbeddedMongod(tmp_path, cache_gigabytes=-1).start()
