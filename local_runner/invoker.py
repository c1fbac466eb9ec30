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
        self._running = 0
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
        if self._running >= self._concurrency:
            raise TooManyRequests(f"{self._running} invocations are under way")
        loop = asyncio.get_running_loop()
        future = self._workers.submit(_run, handler, identity, event)
        timer = loop.call_later(identity.timeout_seconds, _expire, future, identity)
        self._running += 1
        try:
            return await future
        finally:
            self._running -= 1
            timer.cancel()

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


def _expire(future: "asyncio.Future[Any]", identity: FunctionIdentity) -> None:
    if not future.done():
        seconds = identity.timeout_seconds
        message = f"{identity.function_name}: task timed out after {seconds:.2f} seconds"
        future.set_exception(FunctionTimedOut(message))


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
        elif kind is dict and all(type(k) is str and type(v) is str for k, v in value.items()):
            size += sum(map(len, value.values()))
        elif kind is not int and kind is not bool and value is not None:
            return False
        if type(name) is not str:
            return False
    # A character may take 12 bytes in JSON; larger answers are measured exactly.
    return size < PAYLOAD_BYTES // 12
