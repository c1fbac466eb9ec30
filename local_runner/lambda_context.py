"""The second argument of a handler, as AWS Lambda gives it (Lambda developer guide, "context")."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import uuid_utils

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"


@dataclass(frozen=True)
class FunctionIdentity:
    """What stays the same over all invocations of one function."""

    function_name: str
    memory_limit_in_mb: int
    timeout_seconds: float
    invoked_function_arn: str = field(init=False)
    log_group_name: str = field(init=False)

    def __post_init__(self) -> None:
        # Lambda's function names have no dots.
        name = self.function_name.replace(".", "-")
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"
        object.__setattr__(self, "invoked_function_arn", arn)
        object.__setattr__(self, "log_group_name", f"/aws/lambda/{name}")


class LambdaContext:
    """One invocation's context. Its time runs from its creation."""

    function_version = "$LATEST"
    log_stream_name = "local/[$LATEST]"
    identity = None
    client_context = None

    def __init__(self, function: FunctionIdentity) -> None:
        self._function = function
        self._deadline = time.monotonic() + function.timeout_seconds

    @property
    def function_name(self) -> str:
        """The function's address, `service.endpoint`."""
        return self._function.function_name

    @property
    def memory_limit_in_mb(self) -> int:
        return self._function.memory_limit_in_mb

    @property
    def invoked_function_arn(self) -> str:
        return self._function.invoked_function_arn

    @property
    def log_group_name(self) -> str:
        return self._function.log_group_name

    @cached_property
    def aws_request_id(self) -> str:
        return str(uuid_utils.uuid4())

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never below 0."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def __repr__(self) -> str:
        fields: dict[str, Any] = {"function_name": self.function_name, "id": self.aws_request_id}
        return f"LambdaContext({fields})"
