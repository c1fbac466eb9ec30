"""An execution environment: one process of one function under AWS's own runtime client.

Lambda developer guide, "Understanding the Lambda execution environment lifecycle". The process is
the leader of a process group and of a session, so that it ends together with its own children; what
leaves that group ends with it when it is killed, not when it ends by itself.
"""

import asyncio
import contextlib
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import psutil

from gateway.invoker import FunctionError, FunctionTimedOut
from local_runner.execution import lambda_errors
from local_runner.execution.function_output import open_output
from local_runner.execution.function_variables import function_variables, handler_of
from local_runner.execution.lambda_context import FunctionIdentity
from local_runner.execution.memory_watch import MemoryWatch
from local_runner.execution.runtime_api import Invocation, RuntimeApi
from local_runner.execution.warden import Warden, kill_group

log = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
_FATAL = {"Runtime.ExitError", "Function.ResponseSizeTooLarge"}
"""The runtime ends itself when its answer is refused."""


class ExecutionEnvironment:
    """Started once, then one invocation at a time, until it is killed or ends by itself."""

    def __init__(self, identity: FunctionIdentity, memory: MemoryWatch, warden: Warden) -> None:
        self.identity = identity
        self.ended = asyncio.Event()
        """Its process has ended, its children too."""
        self.usable = True
        """It has neither ended nor been killed."""
        self.group = 0
        self._memory = memory
        self._warden = warden
        self._api = RuntimeApi()
        self._transport: asyncio.SubprocessTransport | None = None
        self._request_id = ""
        self._most_bytes = 0
        self._started = 0.0
        self._init_seconds = 0.0

    async def start(self, root: Path, variables: Mapping[str, str], request_id: str) -> None:
        """Start the process for an invocation; `variables` are the function's own.

        Raises:
            FunctionError: the system cannot start a process.
        """
        self._request_id, self._started = request_id, time.perf_counter()
        try:
            await self._spawn(root, variables)
        except OSError as error:
            raise FunctionError("Sandbox.Failure", f"cannot start a process: {error}") from error
        finally:
            if not self.group:
                self.usable = False
                self._api.close()
                self.ended.set()

    async def _spawn(self, root: Path, variables: Mapping[str, str]) -> None:
        address = await self._api.open()
        output = open_output(self.identity.address)
        try:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: _Process(self),
                *(sys.executable, "-m", "awslambdaric", handler_of(self.identity.address)),
                env=function_variables(self.identity, root, variables, address),
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            os.close(output)

    def began(self, transport: asyncio.SubprocessTransport) -> None:
        """There is a process."""
        self._transport = transport
        self.group = transport.get_pid()
        self._warden.guard(self.group)
        self._memory.add(self)
        if not self.usable:
            _kill_with_children(self.group)

    async def is_ready(self, seconds: float) -> bool:
        """Whether it can take an event; False when it has ended, or needs more time than that."""
        ready = self._api.ready
        done, _ = await asyncio.wait({ready}, timeout=seconds)
        return bool(done) and ready.exception() is None

    async def initialised(self, seconds: float) -> None:
        """Wait until the function's module is imported.

        Raises:
            FunctionError: it fails, with AWS's error type.
            FunctionTimedOut: it needs more than so many seconds, so it is killed.
        """
        ready = self._api.ready
        done, _ = await asyncio.wait({ready}, timeout=seconds)
        self._init_seconds = time.perf_counter() - self._started
        if not done:
            self._report_init("timeout")
            raise self._out_of_time()
        error = ready.exception()
        if isinstance(error, FunctionError):
            self._report_init(f"error\tError Type: {error.error_type}")
            raise error

    async def invoke(self, request_id: str, event: bytes, seconds: float) -> Any:
        """The function's answer. Afterwards the environment is ready again, or has ended.

        Raises:
            FunctionError: it raised, ended or used too much memory.
            FunctionTimedOut: it has not answered after `seconds`, so it is killed.
        """
        self._request_id, begun = request_id, time.perf_counter()
        self._memory.add(self)
        arn = self.identity.invoked_function_arn
        invocation = Invocation(request_id, event, time.time() + seconds, arn)
        status = ""
        try:
            async with asyncio.timeout(seconds):
                return await self._api.send(invocation)
        except TimeoutError:
            status = "\tStatus: timeout"
            raise self._out_of_time() from None
        except FunctionError as error:
            if error.error_type in _FATAL:
                self.kill()
                status = f"\tStatus: error\tError Type: {error.error_type}"
            raise
        finally:
            self._memory.remove(self)
            self._report(time.perf_counter() - begun, status)

    def kill(self) -> None:
        """End the process and its children at once."""
        self.usable = False
        if self.group and not self.ended.is_set():
            _kill_with_children(self.group)

    def uses(self, resident_bytes: int) -> None:
        """What `MemoryWatch` sees: killed when it is more than the function may have."""
        self._most_bytes = max(self._most_bytes, resident_bytes)
        if resident_bytes > self.identity.memory_megabytes * MEGABYTE:
            self.kill()

    def exited(self, code: int) -> None:
        """The process has ended with this code, or by the signal of that negative number."""
        self.usable = False
        kill_group(self.group)  # what it started does not outlive it
        self._warden.release(self.group)
        self._memory.remove(self)
        self._api.fail(lambda_errors.exited(self._request_id, code))
        self._api.close()
        if self._transport:
            self._transport.close()
        self.ended.set()

    def _out_of_time(self) -> FunctionTimedOut:
        self.kill()
        return lambda_errors.timed_out(self._request_id, self.identity.timeout_seconds)

    def _report(self, seconds: float, status: str) -> None:
        """AWS's line at the end of each invocation. Since August 2025 the init is billed, too."""
        init, self._init_seconds = self._init_seconds, 0.0
        log.info(
            "%s: REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\t"
            "Memory Size: %d MB\tMax Memory Used: %d MB%s%s",
            self.identity.address,
            self._request_id,
            seconds * 1000,
            math.ceil((seconds + init) * 1000),
            self.identity.memory_megabytes,
            math.ceil(self._most_bytes / MEGABYTE),
            f"\tInit Duration: {init * 1000:.2f} ms" if init else "",
            status,
        )

    def _report_init(self, status: str) -> None:
        log.info(
            "%s: INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: %s",
            self.identity.address,
            self._init_seconds * 1000,
            status,
        )


def _kill_with_children(group: int) -> None:
    """Kill a process group, and the children that have left it for one of their own."""
    children = []
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(group).children(recursive=True)
    kill_group(group)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()


class _Process(asyncio.SubprocessProtocol):
    """Tells an environment of its process."""

    def __init__(self, environment: ExecutionEnvironment) -> None:
        self._environment = environment
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one, though no subclass.
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._environment.began(self._transport)

    def process_exited(self) -> None:
        assert self._transport
        self._environment.exited(self._transport.get_returncode() or 0)
