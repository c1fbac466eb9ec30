"""Starts everything on this machine, serves until a signal comes, and ends it in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from belfry import wiring
from belfry.accounts import register
from belfry.inputs import Registration
from belfry.model import Role
from belfry.settings import Settings
from gateway.app import create_app
from gateway.server import uvicorn_settings
from gateway.spec import Spec, load_spec
from local_runner.embedded_queue import EmbeddedQueue
from local_runner.home import Admin, Home
from local_runner.invoker import LocalInvoker
from local_runner.mongod import EmbeddedMongod
from local_runner.pages import page_routes
from local_runner.triggers import poll_queue, run_schedule

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "openapi.yaml"
PORTS_TO_TRY = 20


class PortTaken(Exception):
    """Something listens there already. `free` is a port that could be used instead, or None."""

    def __init__(self, host: str, port: int, free: int | None) -> None:
        super().__init__(f"port {port} on {host} is taken")
        self.port = port
        self.free = free


@dataclass(frozen=True, slots=True)
class Started:
    """What runs where. `admin` is given at the first start only."""

    url: str
    mongodb: str
    queue: str
    admin: Admin | None


def up(home: Home, *, host: str, port: int, on_ready: Callable[[Started], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises PortTaken, SpecError, LoadError, MongodError, StoreUnavailable, or ConfigurationError,
    which names the variable.
    """
    first = home.is_new
    listening = listen(host, port)
    with ExitStack() as started:
        started.callback(listening.close)
        for name, value in home.environment().items():
            os.environ.setdefault(name, value)
        mongodb = "the one of MONGODB_URI"
        if not os.environ.get("MONGODB_URI"):
            mongod = started.enter_context(EmbeddedMongod(home.mongod))
            os.environ["MONGODB_URI"] = mongod.uri
            mongodb = f"embedded, data in {home.mongod}"
        spec = load_spec(SPEC)
        queue = EmbeddedQueue(spec.queues)
        parts = wiring.Deps(queue=queue)
        prepare(parts, home)
        wiring.install(parts)
        invoker = LocalInvoker(spec.settings)
        started.callback(invoker.close)
        invoker.load_all(spec.addresses())
        reached = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  # compared, not bound
        url = f"http://{reached}:{listening.getsockname()[1]}"
        home.started({"url": url, "MONGODB_URI": parts.settings.mongodb_uri})
        started.callback(home.stopped)
        app = create_app(
            spec,
            invoker,
            endpoint_url=url,
            credentials=_credentials(parts.settings),
            extra_routes=page_routes(ROOT / "web", SPEC),
        )
        about = Started(url, mongodb, "embedded, in memory", home.admin() if first else None)
        server = _Server(uvicorn.Config(app, **uvicorn_settings()))
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, listening, spec, invoker, queue, lambda: on_ready(about)))


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, before anything else is started. Raises PortTaken."""
    for candidate in range(port, port + PORTS_TO_TRY):
        listening = _bind(host, candidate)
        if listening is not None and candidate == port:
            return listening
        if listening is not None:
            listening.close()
            raise PortTaken(host, port, candidate)
    raise PortTaken(host, port, None)


def _bind(host: str, port: int) -> socket.socket | None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        return None
    return listening


def prepare(parts: wiring.Deps, home: Home) -> None:
    """Create indexes and the first administrator. Doing it again changes nothing."""
    parts.database.migrate()
    admin = home.admin()
    if parts.users.by_email(admin.email) is None:
        account = Registration(username="Administrator", email=admin.email, password=admin.password)
        register(
            account,
            users=parts.users,
            passwords=parts.passwords,
            clock=parts.clock,
            role=Role.ADMIN,
        )
    # A wrong key must stop the start, not fail the first log-in.
    _ = parts.token_issuer, parts.token_verifier


def _credentials(settings: Settings) -> tuple[str, str]:
    return settings.aws_access_key_id, settings.aws_secret_access_key


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and skip what must still be ended."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def end(self) -> None:
        """End in order. A second Ctrl-C does not hurry it: it takes a few seconds at most."""
        self.should_exit = True


async def _serve(
    server: _Server,
    listening: socket.socket,
    spec: Spec,
    invoker: LocalInvoker,
    queue: EmbeddedQueue,
    on_ready: Callable[[], None],
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.end)
    queue.open()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.001)
    triggers: list[asyncio.Task[Any]] = [
        *(
            asyncio.create_task(poll_queue(name, trigger, queue, invoker))
            for name, trigger in spec.queues.items()
        ),
        *(
            asyncio.create_task(run_schedule(function, schedule, invoker))
            for function, schedule in spec.schedules.items()
        ),
    ]
    if server.started:
        on_ready()
    await serving
    await _cancel(triggers)
    queue.close()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
