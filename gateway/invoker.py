"""The port to the functions: how the gateway invokes one, and how an invocation can fail.

InvocationError
├── FunctionError      the function raised, or answered what is not JSON
├── FunctionTimedOut   the function's own time is over
├── RequestTooLarge    the event is larger than Lambda takes
└── TooManyRequests    too many invocations at once
"""

from contextvars import ContextVar
from typing import Any, Protocol

Event = dict[str, Any]
"""What a function receives: plain JSON types, in the shape that AWS documents."""

cold_start: ContextVar[bool] = ContextVar("cold_start", default=False)
"""An invoker sets it to True, within `invoke`, when it had to start something for it."""


START_SECONDS = 10.0
"""The longest start of a function, which does not count as its own time: Lambda's init phase."""


class InvocationError(Exception):
    """An invocation gave no answer."""


class FunctionError(InvocationError):
    """The function failed.

    `error_type` and `message` are what Lambda calls `errorType` and `errorMessage`.
    """

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message


class FunctionTimedOut(InvocationError):
    """The function did not answer within its own time limit."""


class RequestTooLarge(InvocationError):
    """The event, as JSON, exceeds what an invocation may carry: 6 MB on Lambda."""


class TooManyRequests(InvocationError):
    """More invocations are under way than the concurrency limit allows."""


class Invoker(Protocol):
    """Invokes functions by their address, `service.endpoint`."""

    async def invoke(self, function: str, event: Event) -> Any:
        """The function's answer, in plain JSON types; the event belongs to the function.

        An invoker keeps to the time limit of the spec's `x-functions`, waiting included; only a
        start of the function may take up to START_SECONDS more.

        Raises:
            InvocationError: there is no answer.
        """
