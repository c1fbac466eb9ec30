"""The parts that faults strike: how each is killed, paused and restarted, and when it serves."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

import httpx

from local_runner.servers.child_server import ChildServer
from local_runner.servers.mongod import EmbeddedMongod, MongodError
from local_runner.servers.rabbitmq_server import RabbitmqError
from tests.chaos.faults import Fault, Kind
from tests.runner import Belfry

BACK_SECONDS = 60.0
"""A part that does not serve again within this is a failure of the run."""
LOOK_SECONDS = 0.1
START_AGAIN_SECONDS = 0.5
STOP_SECONDS = 20.0


class ChaosError(Exception):
    """The run cannot go on. The message says why."""


class Part(ABC):
    """One process. Faults that strike it wait for one another."""

    def __init__(self, name: str, over: threading.Event) -> None:
        """`over` ends every wait, because the run is over."""
        self.name = name
        self._over = over
        self._one_at_a_time = threading.Lock()

    @property
    @abstractmethod
    def pid(self) -> int | None: ...

    @abstractmethod
    def start(self) -> None:
        """Start it, and return when it serves. Raises ChaosError."""

    @abstractmethod
    def serves(self) -> bool:
        """Whether it answers now. Takes a second or two at most."""

    @abstractmethod
    def kill(self) -> None:
        """End it by SIGKILL and see to it that it starts again, without waiting for that."""

    @abstractmethod
    def restart(self) -> None:
        """End it cleanly, and start it again."""

    @abstractmethod
    def close(self) -> None:
        """End it for good, whatever state it is in."""

    def suffer(self, fault: Fault) -> None:
        """Do it, and return when the part serves again. Raises ChaosError when it does not."""
        with self._one_at_a_time:
            if fault.kind is Kind.KILL:
                self.kill()
            elif fault.kind is Kind.RESTART:
                self.restart()
            else:
                self._pause(fault.lasts)
            self._until(self.is_back, "did not serve again")

    def is_back(self) -> bool:
        """Whether it serves again after a fault."""
        return self.serves()

    def wake(self) -> None:
        """Let a paused process run."""
        self._signal(signal.SIGCONT)

    def _pause(self, seconds: float) -> None:
        self._until(lambda: self.pid is not None, "was not there to be paused")
        self._signal(signal.SIGSTOP)
        try:
            self._over.wait(seconds)
        finally:
            self.wake()

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + BACK_SECONDS
        while not (self._over.is_set() or reached()):
            if time.monotonic() > deadline:
                raise ChaosError(f"{self.name} {otherwise} within {BACK_SECONDS:.0f} s")
            self._over.wait(LOOK_SECONDS)


class RunnerPart(Part):
    """`belfry up`, started again whenever it ended because another part was not there."""

    def __init__(self, name: str, belfry: Belfry, over: threading.Event) -> None:
        super().__init__(name, over)
        self.belfry = belfry

    @property
    def pid(self) -> int | None:
        return self.belfry.pid

    def start(self) -> None:
        try:
            self.belfry.start()
        except AssertionError as error:
            raise ChaosError(f"{self.name} does not start: {error}") from None

    def serves(self) -> bool:
        """Whether its page comes, for which no other part is needed."""
        try:
            return self.belfry.http.get("/", timeout=2.0).is_success
        except httpx.TransportError:
            return False

    def is_back(self) -> bool:
        if self.pid is None:
            self._over.wait(START_AGAIN_SECONDS)
            self.belfry.launch()
        return self.serves()

    def kill(self) -> None:
        self.belfry.kill()

    def restart(self) -> None:
        try:
            self.belfry.stop()
        except subprocess.TimeoutExpired:
            raise ChaosError(f"{self.name} did not stop within {STOP_SECONDS:.0f} s") from None

    def close(self) -> None:
        self.wake()
        try:
            self.belfry.stop()
        except subprocess.TimeoutExpired:
            self.belfry.kill()
        self.belfry.http.close()


class ServerPart(Part):
    """MongoDB or RabbitMQ, a child of ours that is started again when it dies."""

    def __init__(
        self,
        name: str,
        server: EmbeddedMongod | ChildServer,
        serves: Callable[[], bool],
        over: threading.Event,
    ) -> None:
        super().__init__(name, over)
        self._server = server
        self._serves = serves

    @property
    def pid(self) -> int | None:
        return self._server.pid

    def start(self) -> None:
        try:
            self._server.start()
        except (MongodError, RabbitmqError) as error:
            raise ChaosError(str(error)) from error

    def serves(self) -> bool:
        return self._serves()

    def kill(self) -> None:
        self._until(lambda: self.pid is not None, "was not there to be killed")
        killed = self.pid
        self._signal(signal.SIGKILL)
        self._until(lambda: self.pid not in (killed, None), "was not started again")

    def restart(self) -> None:
        self._server.stop()
        self.start()

    def close(self) -> None:
        self.wake()
        self._server.stop()
