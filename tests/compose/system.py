"""The whole system in containers, for tests: a project and a port of its own, two runners."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.runner import bearer, free_port

ROOT = Path(__file__).parent.parent.parent
INSIDE = Path(__file__).with_name("inside.py")
RUNNERS = 2

REQUESTS_PER_SECOND = 250
REQUEST_BURST = 200
CONNECTIONS = 250
"""Of one client. Small enough to be reached in a test, and enough for fifty people."""


class System:
    """Starts and removes the containers, and looks into them."""

    def __init__(self) -> None:
        self.project = f"belfry-test-{uuid4().hex[:8]}"
        self.port = free_port()
        self.aws_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.image = f"belfry-runner:{self.project}"
        self.http = httpx.Client(base_url=self.url, timeout=40.0)
        self._environment = {
            **os.environ,
            "EDGE_PORT": str(self.port),
            "AWS_PORT": str(self.aws_port),
            "EDGE_REQUESTS_PER_SECOND": str(REQUESTS_PER_SECOND),
            "EDGE_REQUEST_BURST": str(REQUEST_BURST),
            "EDGE_CONNECTIONS": str(CONNECTIONS),
            "BELFRY_TAG": self.project,
        }

    def up(self) -> None:
        """Build and start, with all that Docker says about it on the terminal."""
        self._show("build")
        self._show("up", "--detach", "--wait", "--scale", f"runner={RUNNERS}")

    def show_logs(self) -> None:
        self._show("logs", "--tail", "40")

    def down(self) -> None:
        """Remove the containers, networks, volumes and the image."""
        self.http.close()
        self._show("down", "--volumes", "--remove-orphans", "--timeout", "10")
        self.docker("image", "rm", "--force", self.image)

    def compose(self, *arguments: str) -> str:
        return self._run(["docker", "compose", *self._options(), *arguments])

    def docker(self, *arguments: str, stdin: str | None = None) -> str:
        return self._run(["docker", *arguments], stdin)

    def containers(self, service: str, *, ended: bool = False) -> list[str]:
        """The ids of a service's containers."""
        states = ["--all"] if ended else []
        return self.compose("ps", "--quiet", *states, service).split()

    def inspect(self, container: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.docker("inspect", container))[0]
        return found

    def in_service(self, service: str, *command: str) -> str:
        """What a command in a container of the service prints."""
        return self.compose("exec", "-T", service, *command)

    def logs(self, *services: str) -> str:
        return self.compose("logs", "--no-color", "--no-log-prefix", *services)

    def access_log(self, path: str) -> list[dict[str, Any]]:
        """The edge's lines about a path."""
        (edge,) = self.containers("edge")
        entries = [
            json.loads(line) for line in self.docker("logs", edge).splitlines() if "{" in line
        ]
        return [entry for entry in entries if entry["path"] == path]

    def logged(self, path: str, request_id: str) -> dict[str, Any]:
        """The edge's line about a request, which it writes after it has answered."""
        deadline = time.monotonic() + 10
        while True:
            found = [each for each in self.access_log(path) if each["requestId"] == request_id]
            if found:
                assert len(found) == 1
                return found[0]
            assert time.monotonic() < deadline, self.logs("edge")
            time.sleep(0.05)

    def until_healthy(self, container: str) -> None:
        deadline = time.monotonic() + 60
        while self.inspect(container)["State"]["Health"]["Status"] != "healthy":
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.2)

    def secrets(self) -> dict[str, str]:
        """What the runners have as secrets."""
        secrets: dict[str, str] = json.loads(self.in_service("runner", "cat", "/data/secrets.json"))
        return secrets

    def admin(self) -> dict[str, str]:
        """The administrator's e-mail address and password, as docs/compose.md says to read them."""
        admin: dict[str, str] = json.loads(self.in_service("runner", "cat", "/data/admin.json"))
        return admin

    def open_connections(self) -> list[dict[str, str]]:
        """Each open WebSocket: `userId`, `endpoint` of its runner, `sourceIp` that this one saw."""
        runner = self.containers("runner")[0]
        found = self.docker("exec", "-i", runner, "python", "-", stdin=INSIDE.read_text())
        connections: list[dict[str, str]] = json.loads(found)
        return connections

    def token(self, email: str, password: str) -> str:
        answer = self.http.post("/api/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    def admin_token(self) -> str:
        return self.token(**self.admin())

    def person(self) -> tuple[str, str]:
        """A new account: its id, and a token of it."""
        name = f"p{uuid4().hex[:10]}"
        account = {"email": f"{name}@example.com", "password": f"secret of {name}"}
        answer = self.http.post("/api/register", json={"username": name, **account})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], self.token(**account)

    def post(self, token: str, user_id: str, message: str) -> httpx.Response:
        body = {"userId": user_id, "message": message}
        return self.http.post("/api/notifications", json=body, headers=bearer(token))

    def _options(self) -> list[str]:
        # Not the `.env` that a developer may have here, but the example, which must be right.
        example = str(ROOT / ".env.example")
        return ["--project-name", self.project, "--env-file", example]

    def _show(self, *arguments: str) -> None:
        command = ["docker", "compose", "--progress", "plain", *self._options(), *arguments]
        subprocess.run(command, cwd=ROOT, env=self._environment, check=True)

    def _run(self, command: list[str], stdin: str | None = None) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, input=stdin, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout
