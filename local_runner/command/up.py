"""Starts everything on this machine, serves until a signal comes, and ends it in order."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from belfry import wiring
from belfry.accounts import register
from belfry.errors import EmailTaken
from belfry.inputs import Registration
from belfry.model import Role
from belfry.settings import Settings
from gateway.app import create_app
from gateway.server import uvicorn_settings
from gateway.spec import Spec, load_spec
from local_runner.command.home import Admin, Home
from local_runner.command.pages import page_routes
from local_runner.command.services import addresses, queue_of, start_mongodb, start_rabbitmq
from local_runner.event_source import Consumer
from local_runner.invoker import LocalInvoker
from local_runner.triggers import poll_queue, run_schedule

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = ROOT / "openapi.yaml"
PORTS_TO_TRY = 20
LAST_BATCH_SECONDS = 3.0
BACKLOG = 2048


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


def up(
    home: Home,
    *,
    host: str,
    port: int,
    rabbitmq: bool = False,
    on_ready: Callable[[Started], None],
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. `rabbitmq` starts a RabbitMQ, too.

    Raises PortTaken, OSError for a host that cannot be served on, SpecError, LoadError,
    MongodError, RabbitmqError, StoreUnavailable, or ConfigurationError, which names the variable.
    """
    _end_on(signal.SIGTERM, signal.SIGHUP)
    listening = listen(host, port)
    with ExitStack() as started:
        started.callback(listening.close)
        for name, value in home.environment().items():
            os.environ.setdefault(name, value)
        mongodb = start_mongodb(home, started)
        queue = start_rabbitmq(home, started) if rabbitmq else None
        spec = load_spec(SPEC)
        invoker = LocalInvoker(spec.settings)
        started.callback(invoker.close)
        invoker.load_all(spec.addresses())
        parts, consumer = queue_of(spec)
        admin_is_new = prepare(parts, home)
        wiring.install(parts)
        bound = listening.getsockname()[1]
        home.started({"url": url_of(host, bound), **addresses(parts.settings)})
        started.callback(home.stopped)
        app = create_app(
            spec,
            invoker,
            endpoint_url=url_of(_own_address(host), bound),
            credentials=_credentials(parts.settings),
            extra_routes=page_routes(ROOT / "web", SPEC),
        )
        admin = home.admin() if admin_is_new else None
        about = Started(url_of(host, bound), mongodb, queue or consumer.about, admin)
        # uvicorn's own name for it. An empty one trusts nobody.
        trusted_proxies = os.environ.get("FORWARDED_ALLOW_IPS")
        server = _Server(uvicorn.Config(app, **uvicorn_settings(trusted_proxies)))
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_serve(server, listening, spec, invoker, consumer, lambda: on_ready(about)))


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, before anything else is started. Raises PortTaken."""
    for candidate in range(port, min(port + PORTS_TO_TRY, 65536)):
        listening = _bind(host, candidate)
        if listening is not None and candidate == port:
            return listening
        if listening is not None:
            listening.close()
            raise PortTaken(host, port, candidate)
    raise PortTaken(host, port, None)


def _bind(host: str, port: int) -> socket.socket | None:
    """A listening socket, or None when the port is taken. Raises OSError for a wrong host."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    try:
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None


def url_of(host: str, port: int) -> str:
    """Where a program on this machine reaches what is served on `host`."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # not bound here
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _own_address(host: str) -> str:
    """Where other runners reach this one. Only one that serves on all addresses has others."""
    if host != "0.0.0.0":  # noqa: S104  # not bound here
        return host
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return host


def _end_on(*numbers: signal.Signals) -> None:
    """Until the server takes signals, end by an exception, so that what was started is ended."""
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` leaves SIGHUP
            signal.signal(number, lambda *_: sys.exit(0))


def prepare(parts: wiring.Deps, home: Home) -> bool:
    """Create indexes and the first administrator; answers whether there was none.

    Doing it again changes nothing.
    """
    # A wrong key must stop the start, not fail the first log-in.
    _ = parts.token_issuer, parts.token_verifier
    parts.database.migrate()
    admin = home.admin()
    is_new = parts.users.by_email(admin.email) is None
    if is_new:
        account = Registration(username="Administrator", email=admin.email, password=admin.password)
        try:
            register(
                account,
                users=parts.users,
                passwords=parts.passwords,
                clock=parts.clock,
                role=Role.ADMIN,
            )
        except EmailTaken:
            return False  # another runner has started at the same time
    return is_new


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
    consumer: Consumer,
    on_ready: Callable[[], None],
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, server.end)
    sources = consumer.open()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.001)
    triggers: list[asyncio.Task[Any]] = [
        *(
            asyncio.create_task(poll_queue(name, trigger, sources[name], invoker))
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
    await consumer.close()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    # A batch under way may end; one that takes longer is looked after by the outbox.
    await asyncio.wait(tasks, timeout=LAST_BATCH_SECONDS)
