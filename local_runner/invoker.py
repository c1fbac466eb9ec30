"""Invokes handlers on this machine as AWS Lambda would: with a context and a time limit.

Different from Lambda: all functions share one process, so the environment variables are the same
for all, several invocations of one function may run at once, and a handler whose time is over goes
on running in its thread, only nobody waits for it any longer.
"""

import asyncio
import importlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from gateway.invoker import Event, FunctionError, FunctionTimedOut, TooManyRequests
from local_runner.lambda_context import FunctionIdentity, LambdaContext
from local_runner.worker_threads import WorkerThreads

log = logging.getLogger(__name__)

THREADS = 32
CONCURRENCY = 1000
"""Lambda's default quota of concurrent invocations; more are throttled."""
TICK_SECONDS = 0.05
"""How late a time limit may strike."""
PAYLOAD_BYTES = 6 * 1024 * 1024

Handler = Callable[[Event, LambdaContext], Any]


class LoadError(Exception):
    """Functions are missing or too many; the message has a line for each."""


class Settings(Protocol):
    """A function's limits: gateway.spec_form.FunctionSettings is one."""

    @property
    def timeout_seconds(self) -> float: ...
    @property
    def memory_megabytes(self) -> int: ...


class LocalInvoker:
    """The gateway's `Invoker` over the handlers of a package.

    `settings` gives the time limit and memory of a function by its address (`Spec.settings`).
    """

    def __init__(
        self,
        settings: Callable[[str], Settings],
        *,
        package: str = "functions",
        threads: int = THREADS,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._settings = settings
        self._package = package
        self._workers = WorkerThreads(threads)
        self._concurrency = concurrency
        # One timer looks after all invocations: one for each would cost a tenth of the throughput.
        self._running: dict[asyncio.Future[Any], tuple[float, FunctionIdentity]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loaded: dict[str, tuple[Handler, FunctionIdentity]] = {}

    def load_all(self, addresses: Iterable[str]) -> None:
        """Import every function, and see that the package holds no others.

        Raises:
            LoadError: modules or handlers are missing, fail to import, or are not declared.
        """
        declared = sorted(set(addresses))
        problems = [problem for address in declared if (problem := self._load(address))]
        problems += [
            f"{self._file(address)} is not declared: name {address} in openapi.yaml, "
            "or remove the file"
            for address in sorted(self._on_disk() - set(declared))
        ]
        if problems:
            raise LoadError("\n".join(problems))

    def use(self, handlers: Mapping[str, Handler]) -> None:
        """Take handlers as they are, instead of importing them."""
        for address, handler in handlers.items():
            self._loaded[address] = handler, self._identity(address)

    async def invoke(self, function: str, event: Event) -> Any:
        """Run the handler; see `gateway.invoker.Invoker`.

        The time limit covers the wait for a free thread too. An invocation that has not begun when
        its time is over never runs.

        Raises:
            FunctionError, FunctionTimedOut, TooManyRequests.
        """
        try:
            handler, identity = self._loaded[function]
        except KeyError:
            raise FunctionError(
                "Runtime.ImportModuleError", f"{function} is not loaded: is it in openapi.yaml?"
            ) from None
        if len(self._running) >= self._concurrency:
            raise TooManyRequests(f"{len(self._running)} invocations are under way")
        future = self._workers.submit(_run, handler, identity, event)
        loop = future.get_loop()
        self._running[future] = loop.time() + identity.timeout_seconds, identity
        if self._timer is None:
            self._timer = loop.call_later(TICK_SECONDS, self._expire, loop)
        try:
            return await future
        finally:
            del self._running[future]

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for future, (deadline, identity) in self._running.items():
            if deadline <= now and not future.done():
                seconds = identity.timeout_seconds
                message = f"{identity.function_name}: task timed out after {seconds:.2f} seconds"
                future.set_exception(FunctionTimedOut(message))
        again = bool(self._running)
        self._timer = loop.call_later(TICK_SECONDS, self._expire, loop) if again else None

    def close(self) -> None:
        """End the threads that are idle."""
        self._workers.close()

    def _load(self, address: str) -> str | None:
        """The problem with a function, if there is one."""
        name = f"{self._package}.{address}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):
                return f"{address}: there is no {self._file(address)}: write it"
            return f"{address}: {self._file(address)} imports {error.name}, which is missing"
        except Exception as error:
            log.exception("Importing %s failed", name)
            return f"{address}: importing {self._file(address)} failed: {error!r}"
        handler = getattr(module, "handler", None)
        if not callable(handler):
            return f"{address}: {self._file(address)} has no function named handler"
        self._loaded[address] = handler, self._identity(address)
        return None

    def _identity(self, address: str) -> FunctionIdentity:
        settings = self._settings(address)
        return FunctionIdentity(address, settings.memory_megabytes, settings.timeout_seconds)

    def _file(self, address: str) -> str:
        return f"{self._package}.{address}".replace(".", "/") + ".py"

    def _on_disk(self) -> set[str]:
        package: ModuleType = importlib.import_module(self._package)
        files = [file for folder in package.__path__ for file in Path(folder).glob("*/*.py")]
        return {f"{file.parent.name}.{file.stem}" for file in files if file.stem != "__init__"}


def _run(handler: Handler, identity: FunctionIdentity, event: Event) -> Any:
    context = LambdaContext(identity)
    try:
        answer = handler(event, context)
    except Exception as error:
        # An authorizer's way to say 401 is no fault of its own.
        if str(error) != "Unauthorized":
            log.exception("%s failed in %s", identity.function_name, context.aws_request_id)
        raise FunctionError(type(error).__name__, str(error)) from None
    except SystemExit as error:
        log.exception("%s exited in %s", identity.function_name, context.aws_request_id)
        raise FunctionError("Runtime.ExitError", f"the handler exited: {error}") from None
    return _plain(answer)


def _plain(answer: Any) -> Any:
    """The answer as it would come back from Lambda, where it travels as JSON."""
    if _is_plain_response(answer):
        return answer
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError, RecursionError) as error:
        message = f"Unable to marshal response: {error}"
        raise FunctionError("Runtime.MarshalError", message) from None
    if len(text) > PAYLOAD_BYTES:
        raise FunctionError(
            "Function.ResponseSizeTooLarge", f"the answer has more than {PAYLOAD_BYTES} bytes"
        )
    return json.loads(text)


def _is_plain_response(answer: Any) -> bool:
    """Whether it is the usual response of plain texts and numbers, which JSON would not change."""
    if type(answer) is not dict:
        return False
    size = 0
    for name, value in answer.items():
        kind = type(value)
        if kind is str:
            size += len(value)
        elif kind is dict:
            for key, each in value.items():
                if type(key) is not str or type(each) is not str:
                    return False
                size += len(each)
        elif kind is not int and kind is not bool and value is not None:
            return False
        if type(name) is not str:
            return False
    # A character may take 12 bytes in JSON; larger answers are measured exactly.
    return size < PAYLOAD_BYTES // 12
