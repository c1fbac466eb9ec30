"""What hostile clients leave behind: a runner's memory and open files before, during and after.

Of each kind 1,000 at once, twice: the first round gives threads, pools and the allocator their
size, which differs by some megabytes from one time to the next. The clients keep their side open
until the runner has let go of every one of them. Limits of time are shortened to seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from socket import socket

from bench.attacks import ATTACKS
from bench.figure import Aim, BenchmarkError, Figure, Tell
from bench.plain_project import PlainRunner, plain_project
from bench.processes import raise_open_files

CLIENTS = 1000
AT_ONCE = 8
LIMITS = (
    *("head_seconds=1", "body_seconds=1", "send_seconds=1", "idle_seconds=1", "close_seconds=0.5"),
    *("sweep_seconds=0.25", "connections_per_second=0"),
)
LET_GO_SECONDS = 15.0
LOOK_SECONDS = 0.05
SPARE_FILES = 5


def measure(tell: Tell) -> list[Figure]:
    raise_open_files(CLIENTS + 500)
    with plain_project(LIMITS) as runner:
        runner.collect()
        at_first = runner.files()
        for name, attack in ATTACKS.items():
            tell(f"{name}, first round")
            _attack(runner, attack, at_first)
        figures = []
        for name, attack in ATTACKS.items():
            tell(name)
            figures.append(_figure(runner, name, attack, at_first))
        return figures


def _figure(runner: PlainRunner, name: str, attack: Callable[[int], socket], files: int) -> Figure:
    before = runner.memory()
    peak, most_files = _attack(runner, attack, files)
    return Figure(
        f"after {CLIENTS:,} {name}",
        "MiB",
        [runner.memory()],
        [before],
        "before",
        aims=(Aim(1.2, at_least=False, of_reference=True),),
        note=f"at most {peak:.0f} MiB and {most_files:,} open files, "
        f"{runner.files()} afterwards, {files} before",
    )


def _attack(runner: PlainRunner, attack: Callable[[int], socket], files: int) -> tuple[float, int]:
    """The most memory and open files while it goes on."""
    with _watching(runner) as seen:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            clients = list(threads.map(attack, [runner.port] * CLIENTS))
        try:
            runner.wait_for_files(files + SPARE_FILES, LET_GO_SECONDS)
        finally:
            for client in clients:
                client.close()
        runner.collect()
    if not seen:
        raise BenchmarkError("The runner was not looked at.")
    return max(memory for memory, _ in seen), max(files for _, files in seen)


@contextmanager
def _watching(runner: PlainRunner) -> Iterator[list[tuple[float, int]]]:
    seen: list[tuple[float, int]] = []
    enough = threading.Event()

    def look() -> None:
        while not enough.wait(LOOK_SECONDS):
            seen.append((runner.memory(), runner.files()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        enough.set()
        thread.join()
