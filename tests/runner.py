"""A real runner for tests: `belfry up` as a child, with a port and a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

READY_SECONDS = 60.0  # a RabbitMQ starts for some seconds, on a busy machine for more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Belfry:
    """Starts, stops and kills a runner, always on the same port and the same data."""

    def __init__(
        self, folder: Path, environment: dict[str, str] | None = None, *options: str
    ) -> None:
        """`options` are more of `belfry up`, such as --rabbitmq."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{folder.name}.log"
        self.http = httpx.Client(base_url=self.url, timeout=20.0)
        self._environment = environment or {}
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it without waiting for it."""
        command = [sys.executable, "-m", "local_runner.command", "up", "--port", str(self.port)]
        command += ["--data", str(self.folder), *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self._environment},
            )

    @property
    def pid(self) -> int | None:
        """The process id of the runner while it runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def wait_until_ready(self) -> None:
        """Wait until all of its parts work."""
        self._wait_for_health({200})

    def wait_until_it_answers(self) -> None:
        """Wait until it serves, though a part is away."""
        self._wait_for_health({200, 503})

    def _wait_for_health(self, statuses: set[int]) -> None:
        assert self._process
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log.read_text()
            try:
                if self.http.get("/api/health").status_code in statuses:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the runner did not get ready:\n{self.log.read_text()}")

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

    def kill(self) -> None:
        """End the runner as a crash does: `kill -9`. Its mongod lives on."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(20)

    def close(self) -> None:
        """End the runner and its mongod, also after a kill."""
        if self._process and self._process.poll() not in (None, 0):
            self.start()  # adopts what a killed runner left behind
        self.stop()
        self.http.close()

    @property
    def admin_email(self) -> str:
        return self._admin()["email"]

    @property
    def admin_password(self) -> str:
        return self._admin()["password"]

    def _admin(self) -> dict[str, str]:
        admin: dict[str, str] = json.loads((self.folder / "admin.json").read_text())
        return admin

    def admin_token(self) -> str:
        return self.login(self.admin_email, self.admin_password)

    def register(self, username: str, email: str, password: str) -> dict[str, Any]:
        body = {"username": username, "email": email, "password": password}
        return self.answer(self.http.post("/api/register", json=body), 201)

    def login(self, email: str, password: str) -> str:
        body = {"email": email, "password": password}
        token: str = self.answer(self.http.post("/api/login", json=body), 200)["token"]
        return token

    def person(self, name: str) -> tuple[dict[str, Any], str]:
        """A new account, and a token of it."""
        email, password = f"{name}@example.com", f"secret of {name}"
        return self.register(name.title(), email, password), self.login(email, password)

    def send(self, user_id: str, **fields: Any) -> dict[str, Any]:
        body = {"userId": user_id, "message": "Hello", **fields}
        headers = bearer(self.admin_token())
        return self.answer(self.http.post("/api/notifications", json=body, headers=headers), 201)

    def get(self, path: str, token: str, **kwargs: Any) -> httpx.Response:
        return self.http.get(path, headers=bearer(token), **kwargs)

    def socket(self, token: str) -> ClientConnection:
        """An open WebSocket, by the Authorization header."""
        address = f"ws://127.0.0.1:{self.port}/ws"
        return connect(address, additional_headers=bearer(token), compression=None)

    @staticmethod
    def answer(response: httpx.Response, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text
        body: dict[str, Any] = response.json()
        return body


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def ask(socket: ClientConnection, **frame: Any) -> dict[str, Any]:
    """Send a frame, and answer the next one."""
    socket.send(json.dumps(frame))
    return receive(socket)


def receive(socket: ClientConnection, timeout: float = 10.0) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(socket.recv(timeout=timeout))
    return frame
