"""A real RabbitMQ as a child of the runner, apart from the machine's own."""

import logging
import subprocess
import time
from pathlib import Path

import pika
from pika.exceptions import AMQPError

from local_runner.servers.child_server import ChildServer, end
from local_runner.servers.loopback import HOST, is_listening
from local_runner.servers.rabbitmq_leftovers import end_leftover
from local_runner.servers.rabbitmq_node import Node
from local_runner.servers.rabbitmq_program import (
    Programs,
    RabbitmqError,
    find_rabbitmq,
    why_not_ready,
)

__all__ = ["EmbeddedRabbitmq", "RabbitmqError"]

PATIENCE_SECONDS = 2.0

logging.getLogger("pika").setLevel(logging.CRITICAL)  # while the broker starts, it may refuse us

# A process id is on the disk before the program runs, so no kill of the runner can lose it.
REMEMBERED = 'echo $$ >"$0" && exec "$@"'


class EmbeddedRabbitmq(ChildServer):
    """A broker of our own on 127.0.0.1, restarted whenever it dies, without plugins.

    Its name, ports and password are remembered in the folder, so that `uri` is the same at every
    start, unless another program has taken a port meanwhile.
    """

    name = "RabbitMQ"
    error = RabbitmqError
    ready_seconds = 120.0

    def __init__(self, folder: Path, *, programs: Programs | None = None) -> None:
        super().__init__(folder)
        self._programs = programs
        self._node: Node | None = None
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The address for clients, with the password; known once it was started."""
        assert self._node
        return self._node.uri

    def stop(self) -> None:
        """End the broker cleanly, by force after 10 s. Does nothing when it is not running."""
        super().stop()
        if self._epmd:
            end(self._epmd, "epmd")

    def _find(self) -> None:
        self._programs = self._programs or find_rabbitmq()

    def _settle(self) -> None:
        node = Node.of(self._dir)
        end_leftover(self._pid_file("rabbitmq"), mark=f"-home {self._dir} ")
        end_leftover(self._pid_file("epmd"), mark=f"-port {node.epmd_port} ")
        self._node = node.with_free_ports()
        self._node.keep(self._dir)

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._node
        assert self._programs
        self._spawn_epmd(self._programs, self._node)
        log_file = self._dir / "rabbitmq.log"
        if log_file.exists():
            log_file.replace(self._dir / "rabbitmq.log.1")
        return self._run("rabbitmq", str(self._programs.server))

    def _spawn_epmd(self, programs: Programs, node: Node) -> None:
        """Start Erlang's name service, unless it runs: Erlang's own would outlive the broker."""
        if self._epmd and self._epmd.poll() is None:
            return
        self._epmd = self._run(
            "epmd", str(programs.epmd), "-port", str(node.epmd_port), "-address", HOST
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_listening(node.epmd_port) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        assert self._node
        with (self._dir / f"{name}.out").open("wb") as output:
            # A session of its own: Ctrl-C is for the runner, which still has work to finish.
            return subprocess.Popen(  # noqa: S603 - the programs are found by us
                ["/bin/sh", "-c", REMEMBERED, str(self._pid_file(name)), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._dir,
                env=self._node.environment(self._dir),
                umask=0o077,
                start_new_session=True,
            )

    def _pid_file(self, name: str) -> Path:
        return self._dir / f"{name}.pid"

    def _is_ready(self, deadline: float) -> bool:
        """Whether the broker on our port takes our password, so it is not another one."""
        assert self._node
        if not is_listening(self._node.amqp_port):
            return False
        parameters = pika.URLParameters(self._node.uri)
        parameters.socket_timeout = parameters.stack_timeout = PATIENCE_SECONDS
        try:
            pika.BlockingConnection(parameters).close()
        except (AMQPError, OSError):
            return False
        return True

    def _why_not_ready(self, code: int | None) -> str:
        return why_not_ready(code, self._dir)
