"""From a push that fails to its dead letter, and from there to the device; by API and command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from belfry.adapters.mongo.database import Database
from belfry.model import Connection, new_id
from belfry.wiring import Deps
from tests.declared import as_declared
from tests.fakes import NOON
from tests.push_endpoint import PushEndpoint
from tests.runner import Belfry, ask, bearer, receive

PLACE = "/api/dead-letters"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def broken_endpoint() -> Iterator[str]:
    """An endpoint for pushes that is out of order."""
    with PushEndpoint() as endpoint:
        endpoint.always = 503
        yield endpoint.url


@pytest.fixture(scope="module")
def belfry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belfry]:
    """A runner that gives up at the first failure."""
    folder = tmp_path_factory.mktemp("belfry") / "data"
    runner = Belfry(folder, {"RETRY_MAX_ATTEMPTS": "0"})
    with runner:
        yield runner


@pytest.fixture(scope="module")
def parts(belfry: Belfry) -> Iterator[Deps]:
    """The stores of the runner."""
    running = json.loads((belfry.folder / "running.json").read_text())
    database = Database.connect(running["MONGODB_URI"], "belfry")
    yield Deps(database=database)
    database.client.close()


@pytest.fixture(scope="module")
def ada(belfry: Belfry) -> tuple[Json, str]:
    return belfry.person("ada")


@pytest.fixture
def broken_phone(parts: Deps, ada: tuple[Json, str], broken_endpoint: str) -> Iterator[None]:
    """Ada has a device that no push reaches."""
    connection = Connection(f"{new_id()}=", ada[0]["id"], broken_endpoint, NOON)
    parts.connections.add(connection)
    yield
    parts.connections.remove([connection.id])


@pytest.fixture
def admin(belfry: Belfry) -> str:
    return belfry.admin_token()


def command(belfry: Belfry, *arguments: str, status: int = 0) -> str:
    """What `belfry dead-letters …` prints; with a status other than 0 on the standard error."""
    run = [sys.executable, "-m", "local_runner.command", "dead-letters", *arguments]
    environment = {**os.environ, "COLUMNS": "100"}
    folder = ["--data", str(belfry.folder)]
    done = subprocess.run(
        [*run, *folder],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def listed(belfry: Belfry, admin: str, **query: str) -> list[Json]:
    page = belfry.get(PLACE, admin, params=query)
    items: list[Json] = as_declared(page, PLACE)["items"]
    return items


def eventually(seen: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while not (found := seen()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.mark.usefixtures("broken_phone")
def test_a_failed_push_becomes_a_dead_letter_and_is_redriven_to_the_device(
    belfry: Belfry, ada: tuple[Json, str], admin: str, parts: Deps
) -> None:
    sent = belfry.send(ada[0]["id"], message="try me")
    [letter] = eventually(lambda: listed(belfry, admin, userId=ada[0]["id"]))
    assert (letter["reason"], letter["notificationId"]) == ("push-failed", sent["id"])
    one = as_declared(belfry.get(f"{PLACE}/{letter['id']}", admin), f"{PLACE}/{{id}}")
    assert json.loads(one["body"])["notificationId"] == sent["id"]
    eventually(
        lambda: belfry.get(f"{PLACE}/{letter['id']}", admin).json()["deliveryState"] == "failed"
    )
    parts.connections.remove([each.id for each in parts.connections.of_users([ada[0]["id"]])])
    with belfry.socket(ada[1]) as phone:
        assert ask(phone, action="sync")["type"] == "ready"
        redriven = belfry.http.post(f"{PLACE}/{letter['id']}/redrive", headers=bearer(admin))
        assert as_declared(redriven, f"{PLACE}/{{id}}/redrive") == {"redriven": 1}
        frame = receive(phone)
    assert [item["id"] for item in frame["notifications"]] == [sent["id"]]
    assert belfry.get(f"{PLACE}/{letter['id']}", admin).status_code == 404
    assert listed(belfry, admin) == []


@pytest.mark.usefixtures("broken_phone")
def test_what_still_fails_after_a_redrive_is_one_dead_letter_again(
    belfry: Belfry, ada: tuple[Json, str], admin: str
) -> None:
    ids = {belfry.send(ada[0]["id"])["id"] for _ in range(5)}
    first = eventually(lambda: len(found := listed(belfry, admin)) == 5 and found)
    body = {"reason": "push-failed"}
    answer = belfry.http.post(f"{PLACE}/redrive", json=body, headers=bearer(admin))
    assert as_declared(answer, f"{PLACE}/redrive")["redriven"] == 5
    deaths = {letter["lastAt"] for letter in first}
    again = eventually(
        lambda: (
            [each for each in listed(belfry, admin) if each["lastAt"] not in deaths][4:]
            and listed(belfry, admin)
        )
    )
    assert {letter["notificationId"] for letter in again} == ids
    for letter in again:
        dropped = belfry.http.delete(f"{PLACE}/{letter['id']}", headers=bearer(admin))
        assert (dropped.status_code, dropped.content) == (204, b"")
    assert listed(belfry, admin) == []


def test_the_dead_letters_are_for_administrators(belfry: Belfry, ada: tuple[Json, str]) -> None:
    assert belfry.http.get(PLACE).status_code == 401
    refused = belfry.get(PLACE, ada[1])
    assert as_declared(refused, PLACE)["status"] == 403


def unreadable(belfry: Belfry, tmp_path: Path, *bodies: bytes) -> None:
    """Bury messages that no dispatcher can read, by invoking the function itself."""
    from local_runner.event_source import Received
    from local_runner.queue_event import queue_event

    headers = {"x-dead-reason": "unreadable", "x-dead-error": "the body is not JSON"}
    batch = [Received(body, headers=headers) for body in bodies]
    event = tmp_path / "event.json"
    event.write_text(json.dumps(queue_event("belfry.dead", batch)))
    run = [sys.executable, "-m", "local_runner.command", "invoke", "dispatch.bury"]
    run += ["--event", str(event), "--data", str(belfry.folder)]
    subprocess.run(run, check=True, capture_output=True, timeout=60)


def test_the_command_lists_shows_redrives_and_drops(belfry: Belfry, tmp_path: Path) -> None:
    assert "There are no dead letters." in command(belfry, "list")
    unreadable(
        belfry, tmp_path, b'{"color": "red", "bell": "\\u0007"}', b"\xff\xfe", b"\x1b[31mred"
    )
    table = command(belfry, "list", "--limit", "2", "--since", "1h")
    assert len(re.findall(r"^[0-9a-f-]{36} +\d+ s +unreadable +0$", table, re.MULTILINE)) == 2
    hint = re.search(r"more: belfry dead-letters (list .*--cursor \S+)", table)
    assert hint
    rest = command(belfry, *hint[1].split())
    ids = re.findall(r"^[0-9a-f-]{36}", table + rest, re.MULTILINE)
    assert len(set(ids)) == 3
    assert "more:" not in rest

    shown = [command(belfry, "show", id_) for id_ in ids]
    assert any('\n  {\n    "color": "red",\n    "bell": "\\u0007"\n  }\n' in text for text in shown)
    assert any("2 bytes, as base64\n  //4=\n" in text for text in shown)
    assert any("   [31mred" in text for text in shown)
    assert not any("\x1b" in text or "\x07" in text for text in shown)

    assert f"sent {ids[0]}" in command(belfry, "redrive", ids[0])
    assert "There is no dead letter" in command(belfry, "redrive", ids[0], status=1)
    # Nobody can read it now either, so it is back in a moment, as another one.
    back = eventually(lambda: [x for x in _ids(command(belfry, "list")) if x not in ids])
    assert f"dropped {back[0]}" in command(belfry, "drop", back[0])
    assert "sent 2 on their way again" in command(belfry, "redrive", "--all")
    eventually(lambda: len(_ids(command(belfry, "list"))) == 2)
    assert "Aborted" in command(belfry, "drop", "--all", status=1)
    assert "dropped 2" in command(belfry, "drop", "--all", "--reason", "unreadable", "--yes")
    assert "There are no dead letters" in command(belfry, "drop", "--all")
    assert "There are no dead letters that match." in command(belfry, "list", "--user", "nobody")


def _ids(text: str) -> list[str]:
    return re.findall(r"^[0-9a-f-]{36}", text, re.MULTILINE)
