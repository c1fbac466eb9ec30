"""`python -m local_runner openapi.yaml`: the gateway and the functions of any project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from local_runner.execution import CONCURRENCY
from local_runner.options import (
    ConcurrencyOption,
    FaultOption,
    HostOption,
    IsolationOption,
    LimitOption,
    LogFormat,
    LogFormatOption,
    PortOption,
    RabbitmqOption,
    RecordOption,
    ReloadOption,
    options,
)


def main(
    spec: Annotated[Path, typer.Argument(help="The project's openapi.yaml.")],
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    isolation: IsolationOption = None,
    concurrency: ConcurrencyOption = CONCURRENCY,
    limit: LimitOption = None,
    fault: FaultOption = None,
    record: RecordOption = None,
    reload: ReloadOption = False,
    rabbitmq: RabbitmqOption = False,
    data: Annotated[Path, typer.Option(help="The folder of the RabbitMQ's data.")] = Path(".local"),
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Serve a project as API Gateway and Lambda would."""
    from local_runner.request_log import log_to_standard_error
    from local_runner.run import run

    chosen = options(
        host=host,
        port=port,
        isolation=isolation,
        concurrency=concurrency,
        limit=limit,
        fault=fault,
        record=record,
        reload=reload,
    )
    log_to_standard_error(log_format)
    run(spec, chosen, rabbitmq=rabbitmq, data=data)


if __name__ == "__main__":
    typer.run(main)
