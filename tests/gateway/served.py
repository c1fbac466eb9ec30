"""A gateway on a real uvicorn in a thread, in front of plain functions."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from gateway.app import Gateway, create_app
from gateway.invoker import Event, FunctionError, InvocationError, cold_start
from gateway.limits import Limits
from gateway.server import uvicorn_settings
from gateway.spec import parse_spec

Function = Callable[[Event], Any]
WAIT = 10.0
DEFAULTS = Limits()


class Functions:
    """An invoker over a dict of plain functions, each call in a thread; keeps every event."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = functions
        self.events: list[tuple[str, Event]] = []
        self.cold = False
        """Whether it says that it had to start something."""

    async def invoke(self, function: str, event: Event) -> Any:
        self.events.append((function, event))
        if self.cold:
            cold_start.set(True)
        try:
            return await asyncio.to_thread(self._functions[function], event)
        except InvocationError:
            raise
        except Exception as error:
            raise FunctionError(type(error).__name__, str(error)) from error

    def events_of(self, function: str) -> list[Event]:
        return [event for name, event in self.events if name == function]


class Served:
    """Where the gateway is, and what stands behind it."""

    def __init__(self, app: Gateway, functions: Functions, port: int, server: uvicorn.Server):
        self.app = app
        self.functions = functions
        self.port = port
        self.server = server
        self.url = f"http://127.0.0.1:{port}"
        self.websocket_url = f"ws://127.0.0.1:{port}/ws"
        self.http = httpx.Client(base_url=self.url, timeout=WAIT)

    def events_of(self, function: str, count: int = 1) -> list[Event]:
        """At least so many events of a function, waiting for them."""
        eventually(lambda: len(self.functions.events_of(function)) >= count)
        return self.functions.events_of(function)


def eventually(condition: Callable[[], bool]) -> None:
    """Poll until it holds; fail after a while."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


@contextmanager
def serving(
    spec: str, functions: Mapping[str, Function], *, limits: Limits = DEFAULTS, **options: Any
) -> Iterator[Served]:
    """Serve a spec; `options` go to `create_app`."""
    parsed = parse_spec(spec)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    invoker = Functions(functions)
    url = f"http://127.0.0.1:{port}"
    app = create_app(parsed, invoker, endpoint_url=url, limits=limits, **options)
    server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings(limits)))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    served = Served(app, invoker, port, server)
    try:
        eventually(lambda: server.started)
        yield served
    finally:
        served.http.close()
        server.should_exit = True
        thread.join(WAIT)
        listening.close()
        assert not thread.is_alive()
