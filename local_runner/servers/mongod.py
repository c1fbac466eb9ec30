"""A real MongoDB as a child of the runner, its data in one folder: nothing need be installed."""

import logging
import subprocess
import time
from pathlib import Path

from local_runner.servers import mongod_admin as admin
from local_runner.servers.child_server import STOP_SECONDS, ChildServer
from local_runner.servers.loopback import HOST, comes_free, free_ports, is_listening
from local_runner.servers.mongod_program import MongodError, can_lock, find_mongod, why_not_ready

__all__ = ["EmbeddedMongod", "MongodError", "find_mongod"]

log = logging.getLogger(__name__)


class EmbeddedMongod(ChildServer):
    """A `mongod` of our own on 127.0.0.1: a replica set of one, restarted whenever it dies.

    One runner at a time holds a data folder. The port is remembered there, so that `uri` is the
    same at every start, unless another program has taken the port meanwhile.
    """

    name = "mongod"
    error = MongodError
    ready_seconds = 60.0  # a large journal takes this long to replay after a crash

    def __init__(
        self, data_dir: Path, *, binary: Path | None = None, cache_gigabytes: float = 0.25
    ) -> None:
        super().__init__(data_dir)
        self._data = self._dir / "data"
        self._binary = binary
        self._limits = ["--oplogSize", "256", "--wiredTigerCacheSizeGB", str(cache_gigabytes)]
        # Its own measurements for MongoDB's support take disk and processor time all day.
        self._limits += ["--quiet", "--setParameter", "diagnosticDataCollectionEnabled=false"]
        # A runner that is killed within a transaction leaves the inbox locked for this long, by
        # default a minute. Ours take 5 s at most.
        self._limits += ["--setParameter", "transactionLifetimeLimitSeconds=10"]
        self._port = 0

    @property
    def uri(self) -> str:
        """The address for clients. With the set's name a client waits out a restart's election."""
        return f"mongodb://{HOST}:{self._port}/?replicaSet={admin.REPLICA_SET}"

    def _find(self) -> None:
        self._binary = self._binary or find_mongod()

    def _settle(self) -> None:
        """Take the remembered port when it can be had, else a free one, which is remembered."""
        self._data.mkdir(exist_ok=True)
        memory = self._dir / "port"
        text = memory.read_text().strip() if memory.exists() else ""
        port = int(text) if text.isdecimal() else 0
        self._free_data(port)
        if not port or not comes_free(port):
            [port] = free_ports(1)
            memory.write_text(str(port))
        self._port = port

    def _free_data(self, port: int) -> None:
        """End the server of a runner that was killed, known by its port and its data folder.

        A process id from a file is not enough to go by: the number may be another program's now.
        Raises MongodError when the data stay in use.
        """
        deadline = time.monotonic() + STOP_SECONDS
        while not can_lock(self._data / "mongod.lock"):
            if port and is_listening(port) and admin.data_path(port) == self._data:
                log.info("ending the mongod that a killed runner left behind on port %d", port)
                admin.shut_down(port)
            if time.monotonic() > deadline:
                owner = (self._data / "mongod.lock").read_text().strip()
                raise MongodError(
                    f"A mongod (process {owner}) that this runner did not start uses the data in "
                    f"{self._data}. End it, then start again."
                )
            time.sleep(0.02)

    def _spawn(self) -> subprocess.Popen[bytes]:
        log_file = self._dir / "mongod.log"
        if log_file.exists():
            log_file.replace(self._dir / "mongod.log.1")
        command = [str(self._binary), "--dbpath", str(self._data), "--logpath", str(log_file)]
        command += ["--port", str(self._port), "--bind_ip", HOST, "--nounixsocket"]
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

    def _is_ready(self, deadline: float) -> bool:
        return is_listening(self._port) and admin.become_primary(self._port, self._data, deadline)

    def _why_not_ready(self, code: int | None) -> str:
        return why_not_ready(code, self._dir)
