"""The connection manager: WebSockets that open and close, and what no other route takes."""

from belfry.function import Event
from belfry.sessions import connect, disconnect, heard_of
from belfry.websocket import (
    Answer,
    body_of,
    connection_of,
    lifecycle,
    reply,
    unknown_action,
)
from belfry.wire import FrameType
from belfry.wiring import Deps


@lifecycle
def handler(event: Event, deps: Deps) -> Answer:
    match event["requestContext"]["eventType"]:
        case "CONNECT":
            connect(connection_of(event), connections=deps.connections)
        case "DISCONNECT":
            connection_id = event["requestContext"]["connectionId"]
            disconnect(connection_id, connections=deps.connections)
        case _:
            sent = body_of(event)
            if sent is not None and sent.get("action") == "ping":
                heard_of(connection_of(event), connections=deps.connections, clock=deps.clock)
                return reply(event, {"type": FrameType.PONG.value})
            return reply(event, unknown_action(event))
    return {"statusCode": 200}
