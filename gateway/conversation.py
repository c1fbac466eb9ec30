"""What a client says on one connection: it is read while the message before is handled.

So a client that leaves is gone at once, however long its last message takes. Messages are handled
one after the other. A connection costs one task; a second one exists only while messages wait.
"""

import asyncio
import logging
from collections import deque

from gateway import assumptions
from gateway.asgi import Message, Receive
from gateway.connections import CloseCode, Connection, Hub
from gateway.message_handler import MessageHandler

log = logging.getLogger(__name__)

AHEAD_MESSAGES = 16
AHEAD_CHARACTERS = 128 * 1024
"""Ours: at so many messages, or at so much of them, the client has to wait until all are handled.
Until then nobody notices that it has left."""


async def converse(
    connection: Connection, receive: Receive, handler: MessageHandler, hub: Hub
) -> tuple[int, str]:
    """Have the messages handled until the end; close code and reason say how it came.

    When it returns, the client is gone for everybody, and all that it has sent is handled.
    """
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            if connection.closing is None:
                _take(connection, message.get("text"), handler, hub)
                if connection.handling is not None and _is_far_ahead(connection):
                    await asyncio.wait([connection.handling])
        ended = _how_it_ended(connection, message)
        hub.remove(connection)
        if connection.handling is not None:
            await asyncio.wait([connection.handling])
        return ended
    finally:
        if connection.handling is not None:
            connection.handling.cancel()


def _take(connection: Connection, text: str | None, handler: MessageHandler, hub: Hub) -> None:
    """Let a message wait for its turn; None stands for a binary one."""
    if text is not None:
        hub.touch(connection)
    if connection.received is not None:
        connection.received.append(text)
        return
    connection.received = deque([text])
    handling = _handle_all(connection, connection.received, handler, hub)
    connection.handling = asyncio.get_running_loop().create_task(handling)


def _is_far_ahead(connection: Connection) -> bool:
    waiting = connection.received or ()
    size = sum(len(text or "") for text in waiting)
    return len(waiting) >= AHEAD_MESSAGES or size >= AHEAD_CHARACTERS


async def _handle_all(
    connection: Connection, waiting: deque[str | None], handler: MessageHandler, hub: Hub
) -> None:
    try:
        while waiting:
            text = waiting.popleft()
            if text is None:
                hub.close(connection, CloseCode.BINARY)
                waiting.clear()
            else:
                await handler.handle(connection, text)
    finally:
        # An idle connection keeps nothing of its messages.
        connection.received = connection.handling = None


def _how_it_ended(connection: Connection, message: Message) -> tuple[int, str]:
    if connection.closing is not None:
        return connection.closing.code, connection.closing.reason
    code = message.get("code", assumptions.ABNORMAL_CLOSURE)
    # uvicorn says 1005 for a lost connection too, but then gives no reason at all.
    if code == 1005 and "reason" not in message:
        code = assumptions.ABNORMAL_CLOSURE
    return code, message.get("reason") or assumptions.DISCONNECT_REASONS.get(code, "")
