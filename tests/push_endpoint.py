"""A place that pushes are posted to, which answers as it is told and remembers who came when."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class PushEndpoint:
    """Stands for the `@connections` of a gateway. `statuses` are its next answers; then 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.always: int | None = None
        self.asked: list[float] = []
        self.frames: list[dict[str, Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(endpoint.answer(json.loads(body)))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ws"

    def answer(self, frame: dict[str, Any]) -> int:
        self.asked.append(time.monotonic())
        status = self.always or (self.statuses.pop(0) if self.statuses else 200)
        if status == 200:
            self.frames.append(frame)
        return status

    def delivered(self) -> list[str]:
        """The ids of the notifications that it took."""
        return [item["id"] for frame in self.frames for item in frame.get("notifications", ())]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
