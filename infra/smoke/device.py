"""A device of the smoke test: a socket that is opened as browsers do, and never mends anything."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException
from websockets.sync.client import connect

from infra.smoke.step import Failed

OPEN_SECONDS = 10.0
CLOSE_SECONDS = 1.0
REF = "smoke"

Frame = dict[str, Any]
Heard = tuple[float, Frame]
"""When a frame came (`time.monotonic`), and the frame."""


class Device:
    """Unlike the client it does not reconnect, ask again or poll: what is lost is to be seen."""

    def __init__(self, websocket_url: str, ticket: str) -> None:
        """Open it. Raises Failed."""
        address = f"{websocket_url}?ticket={quote(ticket, safe='')}"
        try:
            self._socket = connect(
                address,
                compression=None,
                proxy=None,
                ping_interval=None,
                open_timeout=OPEN_SECONDS,
                close_timeout=CLOSE_SECONDS,
                legacy=True,  # one connection, not an iterator that opens others
            )
        except (InvalidURI, ValueError):  # their texts hold the ticket
            raise Failed(f"{websocket_url} is no address of a WebSocket") from None
        except (OSError, WebSocketException) as error:
            raise Failed(f"{websocket_url}: {str(error) or type(error).__name__}") from None
        self._frames: queue.SimpleQueue[Heard | Failed] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="smoke-device", daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def sync(self, since: int | None, seconds: float) -> Frame:
        """Ask for the position, or for what came since one. Raises Failed."""
        question = {"action": "sync", "ref": REF} | ({} if since is None else {"since": since})
        try:
            self._socket.send(json.dumps(question))
        except ConnectionClosed as closed:
            raise Failed(f"the socket was closed: {closed}") from None
        return self._until("answer to `sync`", lambda frame: frame.get("ref") == REF, seconds)[1]

    def event(self, kind: str, notification_id: str, seconds: float) -> Heard:
        """The event of this kind about a notification. Raises Failed."""
        return self._until(
            f"event `{kind}`",
            lambda frame: frame.get("type") == kind and notification_id in ids_of(frame),
            seconds,
        )

    def _until(self, what: str, fits: Callable[[Frame], bool], seconds: float) -> Heard:
        until = time.monotonic() + seconds
        while True:
            try:
                heard = self._frames.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no {what} came within {seconds:g} s") from None
            if isinstance(heard, Failed):
                raise heard
            if fits(heard[1]):
                return heard
            _check_no_error(heard[1])

    def _read(self) -> None:
        """Note when each frame came: in a thread, because a step may be busy with a call."""
        try:
            for message in self._socket:
                self._frames.put((time.monotonic(), dict(json.loads(message))))
            end = "the server closed the socket on purpose"
        except ConnectionClosed as closed:
            end = f"the socket was closed: {closed}"
        except (ValueError, TypeError):
            end = "a frame is no JSON object"
        self._frames.put(Failed(end))


def ids_of(event: Frame) -> list[str]:
    """Which notifications an event is about."""
    return [*event.get("ids", ()), *(item["id"] for item in event.get("notifications", ()))]


def _check_no_error(frame: Frame) -> None:
    """Raises Failed for an answer that a function, or the gateway in its place, gives instead."""
    if frame.get("type") == "error":
        raise Failed(f"the answer on the socket is: {frame.get('detail')}")
    if "type" not in frame:
        raise Failed(f"the gateway says on the socket: {frame.get('message')}")
