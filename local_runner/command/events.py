"""`belfry events make`: prints an event to edit, for `belfry invoke`."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local_runner.command.project import SpecPath, load
from local_runner.console import fail

if TYPE_CHECKING:
    from gateway.invoker import Event
    from local_runner.samples.request import Request

# What a command needs is imported when it runs: see main.py.

app = typer.Typer(no_args_is_help=True, help="Events to edit, as functions get them.")
make = typer.Typer(no_args_is_help=True, help="Print an event, for `belfry invoke`.")
app.add_typer(make, name="make")
authorizer = typer.Typer(no_args_is_help=True, help="What an authorizer gets.")
make.add_typer(authorizer, name="authorizer")


class Kind(StrEnum):
    """The events of a WebSocket API."""

    CONNECT = "connect"
    MESSAGE = "message"
    DISCONNECT = "disconnect"


Method = Annotated[str, typer.Argument(help="GET, POST …")]
Target = Annotated[str, typer.Argument(help="Path and query: /api/users/7?limit=5.")]
Headers = Annotated[
    list[str] | None, typer.Option("--header", metavar="NAME: VALUE", help="May be repeated.")
]
Query = Annotated[str, typer.Option("--query", help="Of the handshake: ticket=abc&since=4.")]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="JSON", help="The context that the authorizer answered."),
]


@make.command("http")
def http_(
    method: Method,
    target: Target,
    body: Annotated[str, typer.Option("--body", help="The body, as text.")] = "",
    header: Headers = None,
    context: Context = None,
    spec: SpecPath = None,
) -> None:
    """What a function of the HTTP API gets."""
    from local_runner.samples import http
    from local_runner.samples.request import Request

    request = Request(method, target, _headers(header), body.encode())
    given = _context(context)
    _show(lambda: http.function_event(load(spec), request, given))


@make.command("websocket")
def websocket_(
    kind: Annotated[Kind, typer.Argument(help="What happens.")],
    body: Annotated[str, typer.Option("--body", help="The message.")] = "",
    query: Query = "",
    header: Headers = None,
    code: Annotated[int, typer.Option(help="The close code of a disconnect.")] = 1000,
    reason: Annotated[str | None, typer.Option(help="The reason of a disconnect.")] = None,
    context: Context = None,
    spec: SpecPath = None,
) -> None:
    """What a function of the WebSocket API gets. A principalId in the context is the principal."""
    from local_runner.samples import websocket

    found, given = load(spec), _context(context)
    handshake = _handshake(query, header)
    match kind:
        case Kind.CONNECT:
            _show(lambda: websocket.connect_event(found, handshake, given))
        case Kind.MESSAGE:
            _show(lambda: websocket.message_event(found, body, given))
        case Kind.DISCONNECT:
            _show(lambda: websocket.disconnect_event(found, code, reason, given))


@make.command()
def rmq(
    queue: Annotated[str, typer.Option("--queue", help="As x-queues names it.")],
    body: Annotated[list[str], typer.Option("--body", help="A message; may be repeated.")],
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="NAME=VALUE", help="Of each; digits are a number."),
    ] = None,
    redelivered: Annotated[
        bool, typer.Option("--redelivered", help="As if given back before.")
    ] = False,
    spec: SpecPath = None,
) -> None:
    """What the function of a queue gets: a batch from Amazon MQ for RabbitMQ."""
    from local_runner.event_source import Received
    from local_runner.samples import trigger

    headers = dict(_queue_header(text) for text in header or [])
    batch = [Received(text.encode(), headers, redelivered) for text in body]
    _show(lambda: trigger.rmq_event(load(spec), queue, batch))


@make.command()
def schedule(
    function: Annotated[str, typer.Argument(help="As x-schedules names it.")],
    spec: SpecPath = None,
) -> None:
    """What a scheduled function gets."""
    from local_runner.samples import trigger

    _show(lambda: trigger.scheduled_event(load(spec), function))


@authorizer.command("http")
def http_authorizer(
    method: Method, target: Target, header: Headers = None, spec: SpecPath = None
) -> None:
    """What the authorizer of an HTTP call gets."""
    from local_runner.samples import http
    from local_runner.samples.request import Request

    request = Request(method, target, _headers(header))
    _show(lambda: http.authorizer_event(load(spec), request))


@authorizer.command("websocket")
def websocket_authorizer(query: Query = "", header: Headers = None, spec: SpecPath = None) -> None:
    """What the authorizer of the WebSocket API gets."""
    from local_runner.samples import websocket

    handshake = _handshake(query, header)
    _show(lambda: websocket.authorizer_event(load(spec), handshake))


def _show(make_event: Callable[[], Event]) -> None:
    """Print an event, or end the command with the reason why there is none."""
    from local_runner.samples.request import SampleError

    try:
        event = make_event()
    except SampleError as error:
        fail(f"There is no such event: {error}.")
    typer.echo(json.dumps(event, indent=2, ensure_ascii=False))


def _handshake(query: str, header: list[str] | None) -> Request:
    from local_runner.samples.request import Request

    return Request("GET", f"/?{query}", _headers(header))


def _headers(texts: list[str] | None) -> list[tuple[str, str]]:
    headers = []
    for text in texts or []:
        name, colon, value = text.partition(":")
        if not (name.strip() and colon):
            raise typer.BadParameter(
                f"{text!r} has not the form 'Name: value'.", param_hint="--header"
            )
        headers.append((name.strip(), value.strip()))
    return headers


def _queue_header(text: str) -> tuple[str, str | int]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text!r} has not the form name=value.", param_hint="--header")
    return name, int(value) if value.isascii() and value.isdigit() else value


def _context(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        context = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no JSON: {error}.", param_hint="--context") from None
    if not isinstance(context, dict):
        raise typer.BadParameter(f"{text!r} is no JSON object.", param_hint="--context")
    return context
