"""Belfry with every function in processes of its own, as on Lambda."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from tests.runner import Belfry, ask, receive

RUNTIME = "awslambdaric"


@pytest.fixture(scope="module")
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belfry]:
    folder = tmp_path_factory.mktemp("isolated") / "data"
    runner = Belfry(folder, None, "--isolation", "process")
    with runner:
        yield runner


def functions_of(runner: Belfry) -> list[psutil.Process]:
    """The processes of a runner's functions."""
    children = psutil.Process(runner.pid).children(recursive=True)
    return [child for child in children if RUNTIME in child.cmdline()]


def test_a_notification_reaches_an_open_device(isolated: Belfry) -> None:
    ada, token = isolated.person("ada")
    with isolated.socket(token) as socket:
        assert ask(socket, action="sync", since=0)["type"] == "sync"
        sent = isolated.send(ada["id"], message="From one process to another")
        frame = receive(socket)
    assert frame["notifications"][0]["id"] == sent["id"]


def test_a_killed_function_is_only_that(isolated: Belfry) -> None:
    ada, token = isolated.person("eve")
    with isolated.socket(token) as socket:
        assert ask(socket, action="sync", since=0)["type"] == "sync"
        processes = functions_of(isolated)
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=10)
        sent = isolated.send(ada["id"], message="Still here")
        assert receive(socket)["notifications"][0]["id"] == sent["id"]


def test_the_functions_end_with_the_runner(isolated: Belfry) -> None:
    isolated.admin_token()
    processes = functions_of(isolated)
    assert processes
    isolated.stop()
    assert not [process for process in processes if process.is_running()]
