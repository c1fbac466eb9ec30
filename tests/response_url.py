"""Where a custom resource puts its answer: a server that keeps what it gets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class ResponseServer(ThreadingHTTPServer):
    """Answers with the given statuses, one after the other, and then with 200."""

    daemon_threads = True

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Put)
        self.statuses = list(statuses)
        self.puts: list[tuple[str, dict[str, str], bytes]] = []
        """Paths, headers and bodies."""
        self.has_come = Event()

    @property
    def url(self) -> str:
        return (
            f"http://127.0.0.1:{self.server_port}/stack%7Cprepared?AWSAccessKeyId=A&Signature=s%2Bs"
        )

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, _, body in self.puts]

    def event(self, request_type: str = "Create", **more: Any) -> dict[str, Any]:
        """What CloudFormation asks for."""
        return {
            "RequestType": request_type,
            "ResponseURL": self.url,
            "ServiceToken": "arn:aws:lambda:eu-central-1:1:function:belfry-test-system-prepare",
            "StackId": "arn:aws:cloudformation:eu-central-1:1:stack/belfry-test/guid",
            "RequestId": "request-1",
            "LogicalResourceId": "Prepared",
            "ResourceType": "Custom::Prepared",
            "ResourceProperties": {"Version": "1"},
            **more,
        }


class _Put(BaseHTTPRequestHandler):
    server: ResponseServer

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.puts.append((self.path, dict(self.headers.items()), body))
        self.server.has_come.set()
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def response_server(*statuses: int) -> Iterator[ResponseServer]:
    server = ResponseServer(statuses)
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
