"""Invokes handlers on this machine as AWS Lambda would: with a context and a time limit.

Different from Lambda: all functions share one process, so the environment variables are the same
for all, several invocations of one function may run at once, memory has no limit, and a handler
whose time is over goes on running in its thread, only nobody waits for it or counts it any longer.
`ProcessInvoker` has none of these differences.
"""

import asyncio
import importlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from gateway.invoker import Event, FunctionError, TooManyRequests, cold_start
from local_runner.execution import function_files, lambda_errors
from local_runner.execution.function_files import LoadError, file_of, missing
from local_runner.execution.lambda_context import FunctionIdentity, LambdaContext
from local_runner.execution.payloads import ANSWER_BYTES, check_size, surely_fits
from local_runner.execution.worker_threads import WorkerThreads

log = logging.getLogger(__name__)

THREADS = 32
CONCURRENCY = 1000
"""Lambda's default quota of concurrent invocations; more are throttled."""
TICK_SECONDS = 0.05
"""How late a time limit may strike."""

Handler = Callable[[Event, LambdaContext], Any]


class Settings(Protocol):
    """A function's limits: gateway.spec_form.FunctionSettings is one."""

    @property
    def timeout_seconds(self) -> float: ...
    @property
    def memory_megabytes(self) -> int: ...
    @property
    def concurrency(self) -> int | None: ...


class ThreadInvoker:
    """The gateway's `Invoker` over the handlers of a package.

    `settings` gives the limits of a function by its address (`Spec.settings`); `concurrency` is the
    limit of all functions together. `root` is the project's folder, whose files are checked before
    they are imported; None where a package stands by itself.
    """

    def __init__(
        self,
        settings: Callable[[str], Settings],
        *,
        root: Path | None = None,
        package: str = "functions",
        threads: int = THREADS,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._settings = settings
        self._root = root
        self._package = package
        self._workers = WorkerThreads(threads)
        # Reserved concurrency is a function's own: one whose calls wait long holds up no other.
        self._reserved: dict[str, WorkerThreads] = {}
        self._concurrency = concurrency
        # One timer looks after all invocations: one for each would cost a tenth of the throughput.
        self._running: dict[asyncio.Future[Any], tuple[float, LambdaContext]] = {}
        self._running_of: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._loaded: dict[str, tuple[Handler, FunctionIdentity, int]] = {}
        self._cold: set[str] = set()
        self._warned = False

    def load_all(self, addresses: Iterable[str]) -> None:
        """Import every function, once the files of the project are as they should be.

        Raises:
            LoadError: modules or handlers are missing, not declared, or fail to import.
        """
        declared = sorted(set(addresses))
        if self._root is not None:
            function_files.check(self._root, declared)
        if problems := [found for address in declared if (found := self._load(address))]:
            raise LoadError("\n".join(problems))

    def use(self, handlers: Mapping[str, Handler]) -> None:
        """Take handlers as they are, instead of importing them."""
        for address, handler in handlers.items():
            self._keep(address, handler)

    async def invoke(self, function: str, event: Event) -> Any:
        """Run the handler; see `gateway.invoker.Invoker`.

        The time limit covers the wait for a free thread too. An invocation that has not begun when
        its time is over never runs.

        Raises:
            FunctionError, FunctionTimedOut, RequestTooLarge, TooManyRequests.
        """
        try:
            handler, identity, limit = self._loaded[function]
        except KeyError:
            raise lambda_errors.not_loaded(function) from None
        check_size(event)
        if len(self._running) >= self._concurrency or self._running_of[function] >= limit:
            raise TooManyRequests(f"{self._running_of[function]} of {function} are under way")
        if function in self._cold:
            self._cold.discard(function)
            cold_start.set(True)
        context = LambdaContext(identity)
        workers = self._reserved.get(function, self._workers)
        future = workers.submit(_run, handler, function, context, event)
        loop = future.get_loop()
        self._running[future] = loop.time() + identity.timeout_seconds, context
        self._running_of[function] += 1
        if self._timer is None:
            self._timer = loop.call_later(TICK_SECONDS, self._expire, loop)
        try:
            return await future
        finally:
            del self._running[future]
            self._running_of[function] -= 1

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for future, (deadline, context) in self._running.items():
            if deadline <= now and not future.done():
                self._warn_of_lost_threads()
                error = lambda_errors.timed_out(context.aws_request_id, context.timeout_seconds)
                future.set_exception(error)
        again = bool(self._running)
        self._timer = loop.call_later(TICK_SECONDS, self._expire, loop) if again else None

    def _warn_of_lost_threads(self) -> None:
        if self._workers.waiting and not self._warned:
            self._warned = True
            log.warning(
                "Invocations wait for a thread: those whose time is over keep theirs while they "
                "run on. With --isolation process they would be ended."
            )

    async def close(self) -> None:
        """End the threads that are idle; nobody waits for the others any longer."""
        for future in self._running:
            if not future.done():
                future.set_exception(FunctionError("Sandbox.Failure", "the runner is ending"))
        for workers in (self._workers, *self._reserved.values()):
            workers.close()

    def _load(self, address: str) -> str | None:
        """The problem with a function, if there is one."""
        name = f"{self._package}.{address}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):
                return missing(self._package, address)
            return f"{address}: {self._file(address)} imports {error.name}, which is missing"
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit, too
            log.exception("Importing %s failed", name)
            return f"{address}: importing {self._file(address)} failed: {error!r}"
        handler = getattr(module, "handler", None)
        if not callable(handler):
            return f"{address}: {self._file(address)} has no function named handler"
        self._keep(address, handler)
        return None

    def _keep(self, address: str, handler: Handler) -> None:
        settings = self._settings(address)
        identity = FunctionIdentity(address, settings.memory_megabytes, settings.timeout_seconds)
        self._loaded[address] = handler, identity, settings.concurrency or self._concurrency
        self._cold.add(address)
        if settings.concurrency:
            self._reserved[address] = WorkerThreads(settings.concurrency)

    def _file(self, address: str) -> str:
        return file_of(self._package, address)


def _run(handler: Handler, address: str, context: LambdaContext, event: Event) -> Any:
    try:
        answer = handler(event, context)
    except SystemExit as error:
        log.exception("%s exited in %s", address, context.aws_request_id)
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise lambda_errors.exited(context.aws_request_id, code) from None
    except BaseException as error:
        # Not one may get through: as its own, a CancelledError would end whoever waits.
        # An authorizer's way to say 401 is no fault of its own.
        if str(error) != "Unauthorized":
            log.exception("%s failed in %s", address, context.aws_request_id)
        raise FunctionError(type(error).__name__, str(error)) from None
    return _plain(answer)


def _plain(answer: Any) -> Any:
    """The answer as it would come back from Lambda, where it travels as JSON."""
    if _is_plain_response(answer):
        return answer
    try:
        text = answer if isinstance(answer, bytes) else json.dumps(answer, default=_as_aws_does)
        if len(text) > ANSWER_BYTES:
            raise lambda_errors.answer_too_large()
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise lambda_errors.not_marshalled(error) from None


def _as_aws_does(value: object) -> Any:
    """Of what JSON does not know, AWS's runtime takes these two."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Decimal):
        return json.loads(str(value)) if value.is_finite() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


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
    return surely_fits(size)
