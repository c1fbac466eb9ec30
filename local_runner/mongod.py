"""A real MongoDB as a child of the runner, its data in one folder: nothing need be installed."""

import fcntl
import logging
import os
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from local_runner import mongod_admin as admin
from local_runner.mongod_program import MongodError, can_lock, find_mongod, why_not_ready

__all__ = ["EmbeddedMongod", "MongodError", "find_mongod"]

log = logging.getLogger(__name__)

READY_SECONDS = 60.0  # a large journal takes this long to replay after a crash
STOP_SECONDS = 10.0
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
STEADY_SECONDS = 10.0  # having run this long, the next restart is prompt again


class EmbeddedMongod:
    """A `mongod` of our own on 127.0.0.1: a replica set of one, restarted whenever it dies.

    One runner at a time holds a data folder. The port is remembered there, so that `uri` is the
    same at every start, unless another program has taken the port meanwhile.
    """

    def __init__(
        self, data_dir: Path, *, binary: Path | None = None, cache_gigabytes: float = 0.25
    ) -> None:
        self._dir = data_dir.resolve()
        self._data = self._dir / "data"
        self._binary = binary
        self._limits = ["--oplogSize", "256", "--wiredTigerCacheSizeGB", str(cache_gigabytes)]
        # Its own measurements for MongoDB's support take disk and processor time all day.
        self._limits += ["--quiet", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._holding: IO[str] | None = None
        self._supervisor: threading.Thread | None = None
        self._starting = threading.Lock()
        self._stopping = threading.Event()

    @property
    def uri(self) -> str:
        """The address for clients. With the set's name a client waits out a restart's election."""
        return f"mongodb://{admin.HOST}:{self._port}/?replicaSet={admin.REPLICA_SET}"

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or None."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def start(self) -> None:
        """Start the server and return when it takes writes.

        Raises MongodError when another runner uses the folder, when there is no usable mongod or
        when it does not get ready.
        """
        self._stopping.clear()
        self._binary = self._binary or find_mongod()
        self._data.mkdir(parents=True, exist_ok=True)
        self._hold()
        try:
            self._port = self._settle_port()
            self._launch()
        except BaseException:
            self.stop()
            raise
        self._supervisor = threading.Thread(target=self._supervise, name="mongod", daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """End the server cleanly, by force after 10 s. Does nothing when it is not running."""
        self._stopping.set()
        with self._starting:
            process = self._process
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("mongod did not end within %.0f s, so it is killed", STOP_SECONDS)
                process.kill()
                process.wait()
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
            raise MongodError(
                f"Another runner (process {owner}) uses the data in {self._dir}. Stop that one "
                "first, or start this one with another data folder."
            ) from error
        holding.truncate(0)
        holding.write(str(os.getpid()))
        holding.flush()
        self._holding = holding

    def _settle_port(self) -> int:
        """The remembered port when it can be had, else a free one, which is then remembered."""
        memory = self._dir / "port"
        text = memory.read_text().strip() if memory.exists() else ""
        port = int(text) if text.isdecimal() else 0
        self._free_data(port)
        if not port or not admin.is_free(port):
            port = admin.free_port()
            memory.write_text(str(port))
        return port

    def _free_data(self, port: int) -> None:
        """End the server of a runner that was killed, known by its port and its data folder.

        A process id from a file is not enough to go by: the number may be another program's now.
        Raises MongodError when the data stay in use.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while not can_lock(self._data / "mongod.lock"):
            if port and admin.is_listening(port) and admin.data_path(port) == self._data:
                log.info("ending the mongod that a killed runner left behind on port %d", port)
                admin.shut_down(port)
            if time.monotonic() > deadline:
                owner = (self._data / "mongod.lock").read_text().strip()
                raise MongodError(
                    f"A mongod (process {owner}) that this runner did not start uses the data in "
                    f"{self._data}. End it, then start again."
                )
            time.sleep(0.02)

    def _launch(self) -> None:
        """Start the process and wait for the writable primary. Raises MongodError."""
        with self._starting:
            if self._stopping.is_set():
                return
            process = self._process = self._spawn()
        deadline = time.monotonic() + READY_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if admin.is_listening(self._port) and admin.become_primary(
                self._port, self._data, deadline
            ):
                return
            time.sleep(0.01)
        if not self._stopping.is_set():
            raise MongodError(why_not_ready(process.poll(), self._dir))

    def _spawn(self) -> subprocess.Popen[bytes]:
        log_file = self._dir / "mongod.log"
        if log_file.exists():
            log_file.replace(self._dir / "mongod.log.1")
        command = [str(self._binary), "--dbpath", str(self._data), "--logpath", str(log_file)]
        command += ["--port", str(self._port), "--bind_ip", admin.HOST, "--nounixsocket"]
        command += ["--replSet", admin.REPLICA_SET, *self._limits]
        with (self._dir / "mongod.out").open("wb") as output:
            # A session of its own: Ctrl-C is for the runner, which still has writes to finish.
            return subprocess.Popen(  # noqa: S603 - the program is found by us, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

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
            log.warning("mongod ended with code %d; starting it again in %.1f s", code, delay)
            if self._stopping.wait(delay):
                return
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            try:
                self._launch()
                log.info("mongod is ready again")
            except (MongodError, OSError) as error:
                log.error("%s", error)
