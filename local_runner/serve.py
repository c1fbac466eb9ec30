"""Runs a project: its gateway, its functions and what triggers them, until a signal comes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import uvicorn
from starlette.routing import BaseRoute

from gateway.app import create_app
from gateway.invoker import Invoker
from gateway.server import uvicorn_settings
from local_runner.address import own_address, url_of
from local_runner.event_source import Consumer
from local_runner.invoker import LocalInvoker
from local_runner.options import Isolation, Options
from local_runner.project import Project
from local_runner.request_log import log_access
from local_runner.triggers import poll_queue, run_schedule

LAST_BATCH_SECONDS = 3.0


def end_on_signals() -> None:
    """Until the server takes signals, end by an exception, so that what was started is ended."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` leaves SIGHUP
            signal.signal(number, lambda *_: sys.exit(0))


class Runner:
    """A project on its way to being served: made, then loaded, then served."""

    def __init__(self, project: Project, options: Options, listening: socket.socket) -> None:
        """Raises FaultError for a rule that is none."""
        self.project = project
        self._options = options
        self._listening = listening
        self._faults: Any = None
        if options.faults:
            from local_runner.faults import Faults

            self._faults = Faults.parse(options.faults)
        self._functions: Any
        if options.isolation is Isolation.PROCESS:
            from local_runner.process_invoker import ProcessInvoker

            self._functions = ProcessInvoker(
                project.spec, project.root, concurrency=options.concurrency
            )
        else:
            self._functions = LocalInvoker(project.spec.settings)
        self._port = listening.getsockname()[1]

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
        spec, limits = self.project.spec, self._options.limits
        invoker: Invoker = self._functions
        if self._options.record:
            from local_runner.recording import Recorder

            invoker = Recorder(invoker, self._options.record)
        if self._faults:
            invoker = self._faults.wrap_invoker(invoker)
        app = create_app(
            spec,
            invoker,
            endpoint_url=self.endpoint,
            credentials=credentials,
            extra_routes=extra_routes,
            limits=limits,
            access_log=log_access,
        )
        # uvicorn's own name for it. An empty one trusts nobody.
        trusted_proxies = os.environ.get("FORWARDED_ALLOW_IPS")
        settings = uvicorn_settings(limits, trusted_proxies)
        server = _Server(
            uvicorn.Config(self._faults.wrap_app(app) if self._faults else app, **settings)
        )
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(self._run(server, invoker, consumer, on_ready))

    async def _run(
        self,
        server: _Server,
        invoker: Invoker,
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
        spec = self.project.spec
        beside: list[asyncio.Task[Any]] = [
            *(
                asyncio.create_task(poll_queue(name, spec.queues[name], source, invoker))
                for name, source in sources.items()
            ),
            *(
                asyncio.create_task(run_schedule(function, schedule, invoker))
                for function, schedule in spec.schedules.items()
            ),
        ]
        if self._options.reload:
            from local_runner.reload import follow_changes

            beside.append(asyncio.create_task(follow_changes(self.project, self._functions)))
        if server.started:
            on_ready()
        await serving
        await _cancel(beside)
        if consumer:
            await consumer.close()
        closed = self._functions.close()
        if closed is not None:
            await closed


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and skip what must still be ended."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def end(self) -> None:
        """End in order. A second Ctrl-C does not hurry it: it takes a few seconds at most."""
        self.should_exit = True


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        # A batch under way may end; one that takes longer comes again.
        await asyncio.wait(tasks, timeout=LAST_BATCH_SECONDS)
