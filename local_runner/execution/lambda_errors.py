"""Failures of an invocation, with the types and texts that Lambda has for them."""

import signal
import time

from gateway.clock import iso_8601
from gateway.invoker import FunctionError, FunctionTimedOut
from local_runner.execution.payloads import ANSWER_BYTES


def timed_out(request_id: str, seconds: float) -> FunctionTimedOut:
    """The function's time limit of so many seconds is over."""
    now = iso_8601(time.time())
    return FunctionTimedOut(f"{now} {request_id} Task timed out after {seconds:.2f} seconds")


def exited(request_id: str, code: int) -> FunctionError:
    """The process ended: with this code, or by the signal of that negative number."""
    if code > 0:
        how = f"with error: exit status {code}"
    elif code < 0:
        how = f"with error: signal: {(signal.strsignal(-code) or str(-code)).lower()}"
    else:
        how = "without providing a reason"
    return FunctionError(
        "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited {how}"
    )


def answer_too_large() -> FunctionError:
    return FunctionError(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({ANSWER_BYTES} bytes).",
    )


def not_marshalled(why: object) -> FunctionError:
    """The answer is no JSON."""
    return FunctionError("Runtime.MarshalError", f"Unable to marshal response: {why}")


def not_loaded(function: str) -> FunctionError:
    return FunctionError(
        "Runtime.ImportModuleError", f"{function} is not loaded: is it in openapi.yaml?"
    )
