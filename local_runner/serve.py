"""Runs a project: its gateway, its functions and what triggers them, until a signal comes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import uvicorn
from starlette.routing import BaseRoute

from gateway.app import Gateway, create_app
from gateway.server import uvicorn_settings
from local_runner.address import own_address, url_of
from local_runner.event_source import Consumer, EventSource
from local_runner.execution.process_invoker import ProcessInvoker
from local_runner.execution.thread_invoker import ThreadInvoker
from local_runner.faults import Faults
from local_runner.options import Isolation, Options
from local_runner.project import Project
from local_runner.recording import Recorder
from local_runner.reload import follow_changes
from local_runner.request_log import log_access
from local_runner.triggers import poll_queue, run_schedule

log = logging.getLogger(__name__)

LAST_BATCH_SECONDS = 3.0
LAST_REQUEST_SECONDS = 4.0
"""Less than uvicorn waits for requests at the end."""


def end_on_signals() -> None:
    """Until the server takes signals, end by an exception, so that what was started is ended."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` leaves SIGHUP
            signal.signal(number, lambda *_: sys.exit(0))


class Runner:
    """A project on its way to being served: made, then loaded, then served."""

    def __init__(self, project: Project, options: Options, listening: socket.socket) -> None:
        """Raises FaultError for a rule that is none, RecordingError for a folder that is none."""
        self.project = project
        self._options = options
        self._listening = listening
        self._port = listening.getsockname()[1]
        self._faults = Faults.parse(options.faults, project.spec)
        self._functions: ThreadInvoker | ProcessInvoker
        if options.isolation is Isolation.PROCESS:
            self._functions = ProcessInvoker(
                project.spec, project.root, concurrency=options.concurrency
            )
        else:
            self._functions = ThreadInvoker(project.spec.settings, root=project.root)
            if any(each.environment for each in project.spec.functions.values()):
                log.warning(
                    "x-functions: an environment of its own needs a process: --isolation process"
                )
        self._recorder = Recorder(self._functions, options.record) if options.record else None
        self._invoker = self._faults.wrap_invoker(self._recorder or self._functions)

    @property
    def url(self) -> str:
        """Where a program on this machine reaches it."""
        return url_of(self._options.host, self._port)

    @property
    def endpoint(self) -> str:
        """Where functions reach it to push, also from other containers."""
        return url_of(own_address(self._options.host), self._port)

    def load(self) -> None:
        """See that the functions are there; in threads, import them. Raises LoadError."""
        self._functions.load_all(self.project.spec.addresses())

    def serve(
        self,
        *,
        consumer: Consumer | None,
        credentials: tuple[str, str],
        extra_routes: Sequence[BaseRoute] = (),
        on_ready: Callable[[], None],
    ) -> None:
        """Serve until SIGINT, SIGTERM or SIGHUP. Without a consumer queues trigger nothing."""
        app = create_app(
            self.project.spec,
            self._invoker,
            endpoint_url=self.endpoint,
            credentials=credentials,
            extra_routes=extra_routes,
            limits=self._options.limits,
            access_log=log_access,
        )
        # uvicorn's own name for it. An empty one trusts nobody.
        trusted_proxies = os.environ.get("FORWARDED_ALLOW_IPS")
        settings = uvicorn_settings(self._options.limits, trusted_proxies)
        server = _Server(uvicorn.Config(self._faults.wrap_app(app), **settings))
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(self._run(server, app, consumer, on_ready))

    async def _run(
        self,
        server: _Server,
        app: Gateway,
        consumer: Consumer | None,
        on_ready: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, server.end)
        sources = consumer.open() if consumer else {}
        serving = asyncio.create_task(server.serve(sockets=[self._listening]))
        while not (server.started or serving.done()):
            await asyncio.sleep(0.001)
        beside = [asyncio.create_task(each) for each in self._beside(sources, app)]
        for task in beside:
            task.add_done_callback(_tell)
        beside.append(asyncio.create_task(self._end_functions(server)))
        if server.started:
            on_ready()
        try:
            await serving
        finally:
            await _cancel(beside)
            if consumer:
                await consumer.close()
            await self._close()

    def _beside(
        self, sources: Mapping[str, EventSource], app: Gateway
    ) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs besides requests."""
        spec = self.project.spec
        for name, source in sources.items():
            yield poll_queue(name, spec.queues[name], source, self._invoker, log_access)
        for function, schedule in spec.schedules.items():
            yield run_schedule(function, schedule, self._invoker)
        if self._options.reload and isinstance(self._functions, ProcessInvoker):
            yield follow_changes(self.project, self._functions, app)

    async def _end_functions(self, server: _Server) -> None:
        """Let those that still work at the end fail, before their requests are cut."""
        await server.ending.wait()
        await asyncio.sleep(LAST_REQUEST_SECONDS)
        await self._functions.close()

    async def _close(self) -> None:
        await self._functions.close()
        if self._recorder:
            self._recorder.close()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and skip what must still be ended."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def end(self) -> None:
        """End in order. A second Ctrl-C does not hurry it: it takes a few seconds at most."""
        self.should_exit = True
        self.ending.set()


def _tell(task: asyncio.Task[None]) -> None:
    """Nothing beside the requests may end unnoticed."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("%s has ended; start the runner again", task.get_coro(), exc_info=error)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        # A batch under way may end; one that takes longer comes again.
        await asyncio.wait(tasks, timeout=LAST_BATCH_SECONDS)
