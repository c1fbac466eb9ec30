"""What functions do when a test tells them so: each order is an object with `do`."""

import os
import sys
import threading
import time
from typing import Any

_MEGABYTE = 1024 * 1024

_invocations = 0
_under_way = 0
_lock = threading.Lock()


def act(order: dict[str, Any], context: Any) -> Any:
    """Carry the order out; the answer is the function's."""
    global _invocations, _under_way
    with _lock:
        _invocations += 1
        _under_way += 1
        at_once = _under_way
    try:
        return _act(order, context, at_once)
    finally:
        with _lock:
            _under_way -= 1


def _act(order: dict[str, Any], context: Any, at_once: int) -> Any:
    match order["do"]:
        case "answer":
            return order["answer"]
        case "raise":
            raise ValueError("a detail that nobody outside may see")
        case "sleep":
            time.sleep(order["seconds"])
            return {"slept": order["seconds"], "atOnce": at_once}
        case "fill":
            return {"statusCode": 200, "body": "x" * order["bytes"]}
        case "unserializable":
            return {"object": object()}
        case "count":
            return {"invocations": _invocations, "process": os.getpid()}
        case "context":
            return _context(context)
        case "environment":
            return {"variables": dict(os.environ), "awslambdaric": "awslambdaric" in sys.modules}
        case other:
            return _misbehave(other, order)


def _misbehave(kind: str, order: dict[str, Any]) -> Any:
    match kind:
        case "exit":
            os._exit(order["status"])
        case "recurse":
            return _misbehave(kind, order)
        case "overflow":
            # Each turn goes through C, so that the stack ends before Python's own limit does.
            sys.setrecursionlimit(10**9)
            return sorted([0], key=lambda _: _misbehave(kind, order))
        case "allocate":
            held = b"\x01" * (order["megabytes"] * _MEGABYTE)
            return {"bytes": len(held)}
    raise LookupError(f"no such order: {kind}")


def _context(context: Any) -> dict[str, Any]:
    first = context.get_remaining_time_in_millis()
    time.sleep(0.02)
    return {
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "aws_request_id": context.aws_request_id,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "identity": {
            "cognito_identity_id": context.identity.cognito_identity_id,
            "cognito_identity_pool_id": context.identity.cognito_identity_pool_id,
        },
        "client_context": context.client_context,
        "remaining": [first, context.get_remaining_time_in_millis()],
    }
