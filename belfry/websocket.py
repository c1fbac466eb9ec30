"""The WebSocket edge of a function: a route's event in, a frame for the client out.

Whatever a client sends, the socket stays open, and what cannot be done is answered by a frame;
docs/protocol.md lists the frames.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import from_json

from belfry import wire
from belfry.errors import BelfryError, FieldError, InvalidInput
from belfry.function import Event, Function
from belfry.model import Caller, Connection, Role
from belfry.sessions import heard_of
from belfry.wire import FrameType
from belfry.wiring import Deps

if TYPE_CHECKING:
    from belfry.inputs.form import Input

log = logging.getLogger(__name__)

T = TypeVar("T", bound="Input")
Frame = dict[str, Any]
Answer = dict[str, Any]

MAX_REF = 64
ACTIONS = ("sync", "read", "change", "ack", "ping")


Handler = Callable[[T, Caller, Deps], Frame | None]


def route(model: type[T], *, renews: bool = False) -> Callable[[Handler[T]], Function[Answer]]:
    """Make a handler into the route of an action; `model` is what the client's frame looks like.

    What it answers goes to the client. None is no answer: each frame is paid for on AWS. `renews`
    is whether it shows that the connection is alive.
    """

    def decorate(handler: Handler[T]) -> Function[Answer]:
        def run(event: Event, parts: Deps) -> Answer:
            try:
                frame = model.from_json(event.get("body", ""))
                if renews:  # before the inbox is read, so that nothing falls between the two
                    heard_of(connection_of(event), connections=parts.connections, clock=parts.clock)
                answer = handler(frame, caller_of(event), parts)
            except BelfryError as error:
                answer = error_frame(error)
            return {"statusCode": 200} if answer is None else reply(event, answer)

        return Function(run)

    return decorate


def lifecycle(handler: Callable[[Event, Deps], Answer]) -> Function[Answer]:
    """Make a handler into a connection manager; an error is the status that a handshake gets."""

    def run(event: Event, parts: Deps) -> Answer:
        try:
            return handler(event, parts)
        except BelfryError as error:
            log.warning("%s: %s", event["requestContext"]["routeKey"], error)
            return {"statusCode": error.status}

    return Function(run)


def reply(event: Event, frame: Frame) -> Answer:
    """The answer of a route with a route response; the client's `ref` comes back in it."""
    sent = body_of(event)
    ref = sent.get("ref") if sent else None
    if isinstance(ref, str) and len(ref) <= MAX_REF:
        frame = frame | {"ref": ref}
    return {"statusCode": 200, "body": wire.dumps(frame)}


def error_frame(error: BelfryError) -> Frame:
    """What the client is told of an error."""
    frame = {
        "type": FrameType.ERROR.value,
        "status": error.status,
        "title": error.title,
        "detail": error.detail,
    }
    if error.errors:
        frame["errors"] = [{"pointer": e.pointer, "detail": e.detail} for e in error.errors]
    return frame


def unknown_action(event: Event) -> Frame:
    """The error frame for what no route takes: a wrong action, or no JSON object at all."""
    sent = body_of(event)
    if sent is None:
        return error_frame(InvalidInput("A frame is a JSON object with an action."))
    detail = f"is not one of {', '.join(ACTIONS)}" if "action" in sent else "is missing"
    return error_frame(InvalidInput(f"action {detail}", (FieldError("/action", detail),)))


def body_of(event: Event) -> dict[str, Any] | None:
    """The client's frame, or None when it is not a JSON object."""
    try:
        # Stricter than json.loads: no half surrogate pairs, which could not be sent back.
        body = from_json(event.get("body") or "", allow_inf_nan=False)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def caller_of(event: Event) -> Caller:
    """Who opened the socket; API Gateway keeps the authorizer's answer for its whole life."""
    authorizer = event["requestContext"]["authorizer"]
    return Caller(authorizer["principalId"], Role(authorizer["role"]))


def connection_of(event: Event) -> Connection:
    """The connection that an event is of, with where pushes to it are posted.

    Only `$connect` has headers, so what they say of the scheme comes by the authorizer's context.
    """
    context = event["requestContext"]
    scheme = context["authorizer"].get("scheme", "https")
    return Connection(
        id=context["connectionId"],
        user_id=caller_of(event).user_id,
        endpoint=f"{scheme}://{context['domainName']}/{context['stage']}",
        connected_at=datetime.fromtimestamp(context["connectedAt"] / 1000, UTC),
    )
