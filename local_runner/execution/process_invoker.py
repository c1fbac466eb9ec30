"""Invokes functions in processes of their own, as AWS Lambda does.

Each process is an execution environment with one invocation at a time. What is different from
Lambda: environments are not frozen between invocations, they share the machine's file system and
network, and the memory limit is looked at every 20 ms rather than kept by the kernel.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway.invoker import (
    START_SECONDS,
    Event,
    FunctionError,
    FunctionTimedOut,
    TooManyRequests,
    cold_start,
)
from gateway.spec import Spec
from gateway.spec_form import FunctionSettings
from local_runner.execution import CONCURRENCY, function_files, lambda_errors
from local_runner.execution.execution_environment import ExecutionEnvironment
from local_runner.execution.function_files import LoadError
from local_runner.execution.function_variables import runtime_folder
from local_runner.execution.lambda_context import FunctionIdentity
from local_runner.execution.memory_watch import MemoryWatch
from local_runner.execution.payloads import to_json
from local_runner.execution.warden import Warden

IDLE_SECONDS = 300.0
"""Ours: how long an environment waits for its next invocation."""


@dataclass(eq=False, slots=True)
class _Pool:
    """The environments of one function, as it is at the moment."""

    address: str
    settings: FunctionSettings
    limit: int
    busy: int = 0
    free: list[tuple[ExecutionEnvironment, asyncio.TimerHandle]] = field(default_factory=list)
    """The one that was used last is the last."""
    retired: bool = False


class ProcessInvoker:
    """The gateway's `Invoker` over the functions of a project whose folder is `root`.

    `concurrency` is how many environments a function may have that says nothing itself. All but the
    constructor and `load_all` belongs to one event loop.
    """

    def __init__(
        self,
        spec: Spec,
        root: Path,
        *,
        concurrency: int = CONCURRENCY,
        idle_seconds: float = IDLE_SECONDS,
        init_seconds: float = START_SECONDS,
    ) -> None:
        self._spec = spec
        self._root = root.resolve()
        self._concurrency = concurrency
        self._idle_seconds = idle_seconds
        self._init_seconds = init_seconds
        self._addresses: frozenset[str] = frozenset()
        self._pools: dict[str, _Pool] = {}
        self._environments: set[ExecutionEnvironment] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._memory = MemoryWatch()
        self._warden = Warden()

    def load_all(self, addresses: Iterable[str]) -> None:
        """See that there is a file for every function, and no other. Nothing is imported yet.

        Raises:
            LoadError: files are missing or not declared.
        """
        addresses = frozenset(addresses)
        if runtime_folder() is None:
            raise LoadError("awslambdaric is missing (there is one for Linux): pip install it")
        function_files.check(self._root, addresses)
        self._addresses = addresses

    def use(self, spec: Spec) -> None:
        """Run the functions of another version of the spec from now on, with its settings.

        Raises:
            LoadError: as `load_all`; then nothing has changed.
        """
        self.load_all(spec.addresses())
        self._spec = spec
        self.retire()

    async def invoke(self, function: str, event: Event) -> Any:
        """Run the function in a free environment or a new one; see `gateway.invoker.Invoker`.

        When the caller is cancelled the function runs on, as it does on Lambda.

        Raises:
            FunctionError, FunctionTimedOut, RequestTooLarge, TooManyRequests.
        """
        pool = self._pool(function)
        payload = to_json(event)
        if pool.busy >= pool.limit:
            raise TooManyRequests(f"{pool.busy} invocations of {function} are under way")
        if not any(environment.usable for environment, _ in pool.free):
            cold_start.set(True)
        pool.busy += 1
        task = asyncio.create_task(self._run(pool, payload))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        await asyncio.wait({task})
        return task.result()

    def retire(self, functions: Iterable[str] | None = None) -> None:
        """Let no environment of these functions (None: of all) take another invocation.

        The free ones end now, the busy ones after their invocation.
        """
        for function in list(self._pools) if functions is None else list(functions):
            pool = self._pools.pop(function, None)
            if pool:
                pool.retired = True
                while pool.free:
                    environment, timer = pool.free.pop()
                    timer.cancel()
                    environment.kill()

    async def close(self) -> None:
        """End every environment, also the busy ones."""
        self._closing = True
        self.retire()
        for environment in self._environments:
            environment.kill()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for environment in self._environments:
            await environment.ended.wait()
        self._warden.close()

    def _pool(self, function: str) -> _Pool:
        pool = self._pools.get(function)
        if pool is None:
            if function not in self._addresses:
                raise lambda_errors.not_loaded(function)
            settings = self._spec.settings(function)
            pool = _Pool(function, settings, settings.concurrency or self._concurrency)
            self._pools[function] = pool
        return pool

    async def _run(self, pool: _Pool, payload: bytes) -> Any:
        request_id = str(uuid4())
        try:
            environment, seconds = await self._environment(pool, request_id)
            try:
                return await environment.invoke(request_id, payload, seconds)
            finally:
                self._give_back(pool, environment)
        finally:
            pool.busy -= 1

    async def _environment(
        self, pool: _Pool, request_id: str
    ) -> tuple[ExecutionEnvironment, float]:
        """One that is ready, and how many seconds the function has in it."""
        while pool.free:
            environment, timer = pool.free.pop()
            timer.cancel()
            if await environment.is_ready(pool.settings.timeout_seconds):
                return environment, pool.settings.timeout_seconds
            environment.kill()
        limit = pool.settings.timeout_seconds
        try:
            return await self._start(pool, request_id, self._init_seconds), limit
        except FunctionTimedOut:
            # As Lambda does: once more, and now the function's own time limit covers the start.
            begun = time.monotonic()
            again = await self._start(pool, request_id, limit)
            return again, limit - (time.monotonic() - begun)

    async def _start(self, pool: _Pool, request_id: str, seconds: float) -> ExecutionEnvironment:
        if self._closing:
            raise FunctionError("Sandbox.Failure", "the runner is ending")
        settings = pool.settings
        identity = FunctionIdentity(
            pool.address, settings.memory_megabytes, settings.timeout_seconds
        )
        environment = ExecutionEnvironment(identity, self._memory, self._warden)
        self._environments = {each for each in self._environments if not each.ended.is_set()}
        self._environments.add(environment)
        try:
            await environment.start(self._root, settings.environment, request_id)
            await environment.initialised(seconds)
        except FunctionError:
            environment.kill()
            raise
        return environment

    def _give_back(self, pool: _Pool, environment: ExecutionEnvironment) -> None:
        if pool.retired or not environment.usable:
            environment.kill()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_seconds, self._end_idle, pool, environment)
        pool.free.append((environment, timer))

    def _end_idle(self, pool: _Pool, environment: ExecutionEnvironment) -> None:
        pool.free = [each for each in pool.free if each[0] is not environment]
        environment.kill()

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # its caller may have gone
