"""The variables that a function may have of its own.

Lambda developer guide, "Working with Lambda environment variables".
"""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

MAX_BYTES = 4096
"""Of all variables of one function together, measured as JSON."""

RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""Lambda sets these itself and refuses a function that names one."""


def _checked(variables: dict[str, str]) -> dict[str, str]:
    for name in variables:
        if name in RESERVED:
            raise ValueError(f"{name} is reserved: Lambda sets it itself")
        if not (name.isascii() and name.isidentifier() and name[0].isalpha() and len(name) > 1):
            raise ValueError(
                f"{name!r} is no name: a letter, then letters, digits and underscores, 2 at least"
            )
    if size(variables) > MAX_BYTES:
        raise ValueError(f"{size(variables)} bytes; all variables together may have {MAX_BYTES}")
    return variables


def size(variables: Mapping[str, str]) -> int:
    """Bytes of the variables as JSON."""
    return len(json.dumps(variables, ensure_ascii=False, separators=(",", ":")).encode())


Environment = Annotated[dict[str, str], AfterValidator(_checked)]
