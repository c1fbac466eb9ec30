"""What the gateway tells about each request: who answered it, how, and how long that took."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from gateway.asgi import Scope
from gateway.invoker import cold_start

Api = Literal["http", "websocket", "queue"]

CLIENT_GONE = 499
"""The status of a request whose client left before it was complete; nginx's number for it."""


@dataclass(frozen=True, slots=True)
class Access:
    """One HTTP request, handshake, message, end of a connection, call of @connections, or batch."""

    api: Api
    route: str
    """As events name it: `GET /users/{id}`, `$connect`. Method and path where no route fits."""
    function: str | None
    """The route's; None when it has none."""
    status: int
    """Sent to the client; for a message or an end, what HTTP would have said."""
    seconds: float
    request_id: str
    """As the function's event has it."""
    cold: bool
    """Whether the invoker had to start something first."""


AccessLog = Callable[[Access], None]


def request_line(scope: Scope) -> str:
    """Method and path, still encoded: a path decides neither about lines nor about terminals."""
    return f"{scope.get('method', 'GET')} {scope['raw_path'].decode('latin-1')}"


class Journal:
    """Takes the time of requests and writes entries, or costs next to nothing without a log."""

    __slots__ = ("_api", "_log")

    def __init__(self, api: Api, log: AccessLog | None) -> None:
        self._api = api
        self._log = log

    def begin(self) -> float:
        """When a request began, to be given to `end`."""
        if self._log is None:
            return 0.0
        cold_start.set(False)
        return perf_counter()

    def end(
        self, began: float, route: str, function: str | None, status: int, request_id: str
    ) -> None:
        if self._log is not None:
            seconds = perf_counter() - began
            cold = cold_start.get()
            self._log(Access(self._api, route, function, status, seconds, request_id, cold))
