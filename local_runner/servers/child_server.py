"""A server as a child of the runner, its data in one folder: held, supervised, ended in order."""

import fcntl
import logging
import os
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
STEADY_SECONDS = 10.0  # having run this long, the next restart is prompt again


class ChildServer(ABC):
    """Started, restarted whenever it dies, and stopped. One runner at a time holds the folder."""

    name: ClassVar[str]
    error: ClassVar[type[RuntimeError]]
    """What is raised when it cannot run; the message says how to mend it."""
    ready_seconds: ClassVar[float]

    def __init__(self, folder: Path) -> None:
        self._dir = folder.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._holding: IO[str] | None = None
        self._supervisor: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stopping = threading.Event()

    @abstractmethod
    def _find(self) -> None:
        """Find the program. Raises `error` when it is missing."""

    @abstractmethod
    def _settle(self) -> None:
        """In the held folder: end what a killed runner left behind, and choose the ports."""

    @abstractmethod
    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the process."""

    @abstractmethod
    def _is_ready(self, deadline: float) -> bool:
        """Whether it serves. May wait until `deadline` (of `time.monotonic`)."""

    @abstractmethod
    def _why_not_ready(self, code: int | None) -> str:
        """What to tell of one that ended with `code`, or is still starting when it is None."""

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self) -> None:
        """Start the server and return when it serves.

        Raises `error` when another runner uses the folder, when there is no usable program or
        when it does not get ready.
        """
        self._stopping.clear()
        self._find()
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hold()
        try:
            self._settle()
            self._launch()
        except BaseException:
            self.stop()
            raise
        self._supervisor = threading.Thread(target=self._supervise, name=self.name, daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """End the server cleanly, by force after 10 s. Does nothing when it is not running."""
        self._stopping.set()
        with self._starting:
            process = self._process
        if process:
            end(process, self.name)
        if self._supervisor:
            self._supervisor.join()
            self._supervisor = None
        if self._holding:
            self._holding.close()
            self._holding = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _hold(self) -> None:
        """Keep every other runner off the folder; the kernel lets go when this process ends."""
        holding = (self._dir / "runner.lock").open("a+")
        try:
            fcntl.flock(holding, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holding.seek(0)
            owner = holding.read().strip()
            holding.close()
            raise self.error(
                f"Another runner (process {owner}) uses the data in {self._dir}. Stop that one "
                "first, or start this one with another data folder."
            ) from error
        holding.truncate(0)
        holding.write(str(os.getpid()))
        holding.flush()
        self._holding = holding

    def _launch(self) -> None:
        """Start the process and wait until it serves. Raises `error`."""
        with self._starting:
            if self._stopping.is_set():
                return
            process = self._process = self._spawn()
        deadline = time.monotonic() + self.ready_seconds
        while process.poll() is None and time.monotonic() < deadline:
            if self._is_ready(deadline):
                return
            time.sleep(0.01)
        if not self._stopping.is_set():
            raise self.error(self._why_not_ready(process.poll()))

    def _supervise(self) -> None:
        """Start the server again whenever it ends, until `stop`."""
        delay = FIRST_DELAY_SECONDS
        while self._process:
            since = time.monotonic()
            code = self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - since > STEADY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            log.warning(
                "%s ended with code %d; starting it again in %.1f s", self.name, code, delay
            )
            if self._stopping.wait(delay):
                return
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            try:
                self._launch()
                log.info("%s is ready again", self.name)
            except (self.error, OSError) as error:
                log.error("%s", error)


def end(process: subprocess.Popen[bytes], name: str) -> None:
    """End a child cleanly, by force after 10 s. Does nothing when it has ended."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("%s did not end within %.0f s, so it is killed", name, STOP_SECONDS)
        process.kill()
        process.wait()
