"""The environment variables of a function in a process of its own.

Lambda developer guide, "Working with Lambda environment variables", "Defined runtime environment
variables".
"""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from gateway.assumptions import REGION
from local_runner.execution.lambda_context import VERSION, FunctionIdentity


def handler_of(address: str) -> str:
    """What `_HANDLER` says: functions.service.endpoint.handler."""
    return f"functions.{address}.handler"


def runtime_folder() -> Path | None:
    """Where AWS's runtime client is installed; None when it is not."""
    spec = find_spec("awslambdaric")
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def function_variables(
    identity: FunctionIdentity, root: Path, own: Mapping[str, str], runtime_api: str
) -> dict[str, str]:
    """The runner's own variables, on top the function's (`own`), on top those that Lambda sets."""
    region = os.environ.get("AWS_REGION", REGION)
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **own,
        "_HANDLER": handler_of(identity.address),
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(identity.memory_megabytes),
        "AWS_LAMBDA_FUNCTION_NAME": identity.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": identity.log_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": identity.log_stream_name,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": region,
        "LAMBDA_RUNTIME_DIR": str(runtime_folder() or ""),
        "LAMBDA_TASK_ROOT": str(root),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TZ": ":UTC",
    }
