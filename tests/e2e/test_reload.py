"""`--reload`: new code runs, and nobody is disconnected."""

import json
import time
from pathlib import Path

import httpx
import yaml
from websockets.sync.client import connect

from tests.other_project import greeter, running

WAIT = 20.0


def test_a_changed_function_runs_while_sockets_stay(tmp_path: Path) -> None:
    project = greeter(tmp_path)
    hello = project / "functions/greet/hello.py"
    with running(project, "--reload") as url:
        address = f"{url}/greetings/Ada"
        assert httpx.get(address, timeout=WAIT).json() == {"greeting": "Hello, Ada!"}
        with connect(f"{url.replace('http', 'ws', 1)}/live") as socket:
            hello.write_text(hello.read_text().replace("Hello", "Good evening"))
            _eventually(address, "Good evening, Ada!")
            socket.send("still here")
            assert json.loads(socket.recv(WAIT))["you"] == "still here"


def test_broken_code_fails_its_function_until_it_is_mended(tmp_path: Path) -> None:
    project = greeter(tmp_path)
    hello = project / "functions/greet/hello.py"
    working = hello.read_text()
    with running(project, "--reload") as url:
        address = f"{url}/greetings/Ada"
        assert httpx.get(address, timeout=WAIT).status_code == 200
        hello.write_text("def handler(")
        _eventually(address, None)
        hello.write_text(working)
        _eventually(address, "Hello, Ada!")
    assert "Runtime.UserCodeSyntaxError" in (project / "runner.log").read_text()


def test_a_new_route_is_there_and_sockets_stay(tmp_path: Path) -> None:
    project = greeter(tmp_path)
    spec, service = project / "openapi.yaml", project / "functions/greet"
    content = yaml.safe_load(spec.read_text())
    goodbye = {"operationId": "greet.bye", "security": []}
    content["paths"]["/partings/{name}"] = {"get": goodbye}
    content["x-websocket"]["routes"]["bye"] = {"function": "greet.bye"}
    with running(project, "--reload") as url, connect(f"{url.replace('http', 'ws', 1)}/live") as ws:
        spec.write_text(yaml.safe_dump(content))  # it has to wait for its function
        hello = (service / "hello.py").read_text()
        (service / "bye.py").write_text(hello.replace("Hello", "Goodbye"))
        _eventually(f"{url}/partings/Ada", "Goodbye, Ada!")
        assert httpx.get(f"{url}/greetings/Ada", timeout=WAIT).status_code == 200
        ws.send('{"action": "bye"}')  # its function fails without a name
        assert json.loads(ws.recv(WAIT))["message"] == "Internal server error"


def _eventually(address: str, greeting: str | None) -> None:
    """Ask until it greets like this, or, with None, until it fails."""
    deadline = time.monotonic() + WAIT
    while True:
        answer = httpx.get(address, timeout=WAIT)
        if answer.status_code == 500 and greeting is None:
            return
        if answer.status_code == 200 and answer.json() == {"greeting": greeting}:
            return
        assert time.monotonic() < deadline, f"{answer.status_code} {answer.text}"
        time.sleep(0.05)
