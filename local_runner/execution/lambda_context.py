"""The second argument of a handler, as AWS Lambda gives it (Lambda developer guide, "context")."""

import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import uuid_utils

from gateway.assumptions import ACCOUNT_ID, REGION

VERSION = "$LATEST"


@dataclass(frozen=True)
class FunctionIdentity:
    """What stays the same over all invocations in one execution environment of a function.

    `address` is `service.endpoint`; Lambda's function names have no dots, so the name has a dash.
    """

    address: str
    memory_megabytes: int
    timeout_seconds: float
    function_name: str = field(init=False)
    invoked_function_arn: str = field(init=False)
    log_group_name: str = field(init=False)
    log_stream_name: str = field(init=False)

    def __post_init__(self) -> None:
        name = self.address.replace(".", "-")
        stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{VERSION}]{uuid_utils.uuid4().hex}"
        object.__setattr__(self, "function_name", name)
        object.__setattr__(
            self, "invoked_function_arn", f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}"
        )
        object.__setattr__(self, "log_group_name", f"/aws/lambda/{name}")
        object.__setattr__(self, "log_stream_name", stream)


class LambdaContext:
    """One invocation's context. Its time runs from its creation."""

    function_version = VERSION
    # As for every caller that is no mobile app.
    identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
    client_context = None

    def __init__(self, function: FunctionIdentity) -> None:
        self._function = function
        self._deadline = time.monotonic() + function.timeout_seconds
        self.aws_request_id = str(uuid_utils.uuid4())

    @property
    def function_name(self) -> str:
        return self._function.function_name

    @property
    def memory_limit_in_mb(self) -> str:
        """A text, as AWS's own runtime gives it."""
        return str(self._function.memory_megabytes)

    @property
    def invoked_function_arn(self) -> str:
        return self._function.invoked_function_arn

    @property
    def log_group_name(self) -> str:
        return self._function.log_group_name

    @property
    def log_stream_name(self) -> str:
        return self._function.log_stream_name

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout, never below 0."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    @property
    def timeout_seconds(self) -> float:
        """Not AWS's: the function's time limit."""
        return self._function.timeout_seconds

    def __repr__(self) -> str:
        fields: dict[str, Any] = {"function_name": self.function_name, "id": self.aws_request_id}
        return f"LambdaContext({fields})"
