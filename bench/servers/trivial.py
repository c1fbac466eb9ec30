"""The gateway and the runner's invoker, in front of a function that does nothing."""

import sys
from pathlib import Path

import uvicorn

from gateway.app import create_app
from gateway.limits import Limits
from gateway.server import uvicorn_settings
from gateway.spec import load_spec
from local_runner.execution.thread_invoker import ThreadInvoker

# API Gateway's own rate is less than this machine serves.
LIMITS = Limits(requests_per_second=1e6, request_burst=1_000_000)
SPEC = Path(__file__).resolve().parent.parent / "trivial" / "openapi.yaml"


if __name__ == "__main__":
    port = int(sys.argv[1])
    spec = load_spec(SPEC)
    invoker = ThreadInvoker(spec.settings, package="bench.trivial")
    invoker.load_all(spec.addresses())
    app = create_app(spec, invoker, endpoint_url=f"http://127.0.0.1:{port}", limits=LIMITS)
    uvicorn.run(app, port=port, **uvicorn_settings(LIMITS))
