"""Starts Belfry on this machine: database, queue, functions, gateway and pages."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from belfry import wiring
from belfry.errors import ConfigurationError
from belfry.installation import first_administrator
from belfry.settings import Settings
from local_runner.address import listen
from local_runner.command.home import Admin, Home
from local_runner.command.pages import page_routes
from local_runner.command.project import NO_CHECKOUT, OWN_SPEC
from local_runner.command.services import addresses, queue_of, start_mongodb, start_rabbitmq
from local_runner.options import Isolation, Options
from local_runner.project import Project
from local_runner.serve import Runner, end_on_signals


@dataclass(frozen=True, slots=True)
class Started:
    """What runs where. `admin` is given at the first start only."""

    url: str
    mongodb: str
    queue: str
    admin: Admin | None


def up(
    home: Home, options: Options, *, rabbitmq: bool = False, on_ready: Callable[[Started], None]
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. `rabbitmq` starts a RabbitMQ, too.

    Raises CannotListen, SpecError, LoadError, FaultError, RecordingError, MongodError,
    RabbitmqError, StoreUnavailable, or ConfigurationError, which names the variable.
    """
    if not OWN_SPEC.exists():
        raise ConfigurationError(NO_CHECKOUT)
    end_on_signals()
    listening = listen(options.host, options.port)
    # The request log has the same line, with the function and its time besides.
    logging.getLogger("belfry.http").setLevel(logging.WARNING)
    with ExitStack() as started:
        started.callback(listening.close)
        for name, value in home.environment().items():
            os.environ.setdefault(name, value)
        runner = Runner(Project.load(OWN_SPEC), options, listening)
        runner.load()
        mongodb = start_mongodb(home, started)
        # Functions in other processes do not reach the queue in this one's memory.
        alone = options.isolation is Isolation.PROCESS and not os.environ.get("RABBITMQ_URL")
        queue = start_rabbitmq(home, started) if rabbitmq or alone else None
        parts, consumer = queue_of(runner.project.spec)
        admin_is_new = prepare(parts, home)
        wiring.install(parts)
        home.started({"url": runner.url, **addresses(parts.settings)})
        started.callback(home.stopped)
        admin = home.admin() if admin_is_new else None
        about = Started(runner.url, mongodb, queue or consumer.about, admin)
        runner.serve(
            consumer=consumer,
            credentials=_credentials(parts.settings),
            extra_routes=page_routes(OWN_SPEC.parent / "web", OWN_SPEC),
            on_ready=lambda: on_ready(about),
        )


def prepare(parts: wiring.Deps, home: Home) -> bool:
    """Create indexes and the first administrator; answers whether there was none.

    Doing it again changes nothing.
    """
    # A wrong key must stop the start, not fail the first log-in.
    _ = parts.token_issuer, parts.token_verifier
    parts.migrate()
    admin = home.admin()
    return first_administrator(
        admin.email,
        admin.password,
        users=parts.users,
        passwords=parts.passwords,
        clock=parts.clock,
    )


def _credentials(settings: Settings) -> tuple[str, str]:
    return settings.aws_access_key_id, settings.aws_secret_access_key
