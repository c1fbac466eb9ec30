"""Runs any project on this machine: `python -m local_runner openapi.yaml`, `belfry up --spec`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.markup import escape

from gateway.spec import SpecError
from local_runner.address import CannotListen, listen
from local_runner.console import fail, out
from local_runner.event_source import Consumer
from local_runner.execution.function_files import LoadError
from local_runner.faults import FaultError
from local_runner.options import Options
from local_runner.project import Project
from local_runner.rabbitmq_source import BadAddress, RabbitConsumer
from local_runner.recording import RecordingError
from local_runner.serve import Runner, end_on_signals
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq, RabbitmqError

log = logging.getLogger(__name__)


def run(file: Path, options: Options, *, rabbitmq: bool, data: Path) -> None:
    """Serve the project of an openapi.yaml until a signal comes; ends the command with an error.

    `rabbitmq` starts a broker whose data are in the folder `data`.
    """
    try:
        _run(file, options, rabbitmq=rabbitmq, data=data.resolve())
    except (SpecError, LoadError, FaultError, RecordingError) as error:
        fail(str(error))
    except (CannotListen, BadAddress, RabbitmqError, OSError) as error:
        fail(str(error))


def _run(file: Path, options: Options, *, rabbitmq: bool, data: Path) -> None:
    end_on_signals()
    project = Project.load(file)
    listening = listen(options.host, options.port)
    with ExitStack() as started:
        started.callback(listening.close)
        if rabbitmq and not os.environ.get("RABBITMQ_URL"):
            server = started.enter_context(EmbeddedRabbitmq(data / "rabbitmq"))
            os.environ["RABBITMQ_URL"] = server.uri
            log.info("RABBITMQ_URL is %s", server.uri)
        runner = Runner(project, options, listening)
        project.enter(runner.endpoint)
        runner.load()
        runner.serve(
            consumer=_consumer(project),
            credentials=(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]),
            on_ready=lambda: _show(runner, options),
        )


def _consumer(project: Project) -> Consumer | None:
    url = os.environ.get("RABBITMQ_URL")
    if url and project.spec.queues:
        # Not declared here: on AWS a queue must be there before it can trigger a function.
        sizes = {name: trigger.batch_size for name, trigger in project.spec.queues.items()}
        return RabbitConsumer(url, sizes, declare=lambda: None)
    if project.spec.queues:
        log.warning("x-queues trigger nothing: set RABBITMQ_URL, or add --rabbitmq")
    return None


def _show(runner: Runner, options: Options) -> None:
    spec = runner.project.spec
    if not sys.stdout.isatty():
        out.print(f"ready {runner.url}", soft_wrap=True)
        return
    out.print(f"\n[bold green]{escape(runner.project.root.name)} is ready[/]\n")
    out.print(f"  {'HTTP':<10} {runner.url}")
    if spec.websocket:
        address = f"{runner.url.replace('http', 'ws', 1)}/{spec.websocket.stage}"
        out.print(f"  {'WebSocket':<10} {address}")
    count = len(spec.addresses())
    out.print(f"  {'functions':<10} {count}, each in {_where(options)}")
    out.print("\n  Ctrl-C ends it.\n")


def _where(options: Options) -> str:
    return "threads of this process" if options.isolation == "thread" else "processes of its own"
