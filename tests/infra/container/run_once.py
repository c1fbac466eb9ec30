"""`run_once.py HANDLER EVENT`: what moto's Lambda expects of an image, around AWS's runtime client.

Serves the Runtime API (Lambda developer guide, "Using the Lambda runtime API") for one invocation
to AWS's own client, `awslambdaric`, which imports the handler and calls it. The last line is the
answer, and the exit code is 1 when it is an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

REQUEST_ID = "8b1f0b7e-6c1f-4a3c-9a53-5f3c3f0c2a11"


class RuntimeApi(HTTPServer):
    timeout = 0.1  # then one looks whether the client still lives

    def __init__(self, event: str, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.event = event.encode()
        self.deadline = time.time() + seconds
        self.answer: bytes | None = None
        self.failed = False


class Call(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        """The next invocation."""
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", REQUEST_ID)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(self.server.deadline * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:once")
        self._send(self.server.event)

    def do_POST(self) -> None:
        """Its answer, or the error of its handler or of the import."""
        self.server.answer = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.failed = self.path.endswith("/error")
        self.send_response(202)
        self._send(b"{}")

    def _send(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def main(handler: str, event: str) -> int:
    seconds = float(os.environ["AWS_LAMBDA_FUNCTION_TIMEOUT"])
    api = RuntimeApi(event, seconds)
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}"}
    client = [sys.executable, "-m", "awslambdaric", handler]
    with subprocess.Popen(client, cwd="/var/task", env=environment) as process:
        while api.answer is None and process.poll() is None and time.time() < api.deadline:
            api.handle_request()
        process.kill()
    failed = api.failed or api.answer is None
    told = api.answer or b'{"errorType": "Sandbox", "errorMessage": "no answer in time"}'
    print(json.dumps(json.loads(told)), flush=True)  # in one line
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
