"""People on two runners behind the edge: everybody gets what is theirs, whoever takes the post."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.compose.system import RUNNERS, System
from tests.fifty_people import PEOPLE, each_gets_what_is_theirs
from tests.runner import ask, bearer, receive

pytestmark = pytest.mark.compose


@contextmanager
def on_each_runner(system: System, user_id: str, token: str) -> Iterator[list[ClientConnection]]:
    """Sockets of one person, opened until every runner has one."""
    address = f"ws://127.0.0.1:{system.port}/ws"
    sockets: list[ClientConnection] = []
    runners: set[str] = set()
    deadline = time.monotonic() + 60
    with ExitStack() as opened:
        while len(runners) < RUNNERS:
            assert time.monotonic() < deadline, runners
            socket = connect(address, additional_headers=bearer(token), compression=None)
            sockets.append(opened.enter_context(socket))
            ask(sockets[-1], action="sync")
            mine = [each for each in system.open_connections() if each["userId"] == user_id]
            runners = {each["endpoint"] for each in mine}
        yield sockets


def test_a_browser_signs_in_and_gets_what_is_posted(system: System) -> None:
    user_id, token = system.person()
    ticket = system.http.post("/api/realtime/tickets", headers=bearer(token)).json()["ticket"]
    with connect(f"ws://127.0.0.1:{system.port}/ws?ticket={ticket}", compression=None) as socket:
        assert ask(socket, action="sync")["type"] == "ready"
        sent = system.post(system.admin_token(), user_id, "through the edge")
        assert sent.status_code == 201
        frame = receive(socket, timeout=20)
    assert [item["message"] for item in frame["notifications"]] == ["through the edge"]
    assert ticket not in system.logs("edge", "runner")


def test_a_person_on_any_runner_gets_what_is_posted_through_any_other(system: System) -> None:
    user_id, token = system.person()
    admin = system.admin_token()
    with on_each_runner(system, user_id, token) as sockets:
        sent = [_post(system, admin, user_id) for _ in range(8)]
        # The edge takes any runner for each of them, so it may take a few more.
        while len(_took_posts(system)) < RUNNERS:
            assert len(sent) < 60
            sent.append(_post(system, admin, user_id))
        for socket in sockets:
            seen: list[str] = []
            while len(seen) < len(sent):
                seen += [item["id"] for item in receive(socket, timeout=20)["notifications"]]
            assert sorted(seen) == sorted(sent)


def _post(system: System, admin: str, user_id: str) -> str:
    id_: str = system.post(admin, user_id, "hello").json()["id"]
    return id_


def _took_posts(system: System) -> set[str]:
    """The runners that have answered one."""
    return {entry["runner"] for entry in system.access_log("/api/notifications")}


def test_each_of_1000_notifications_reaches_both_sockets_of_its_person_once(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    people = [system.person() for _ in range(PEOPLE)]
    told = each_gets_what_is_theirs(system.url, people, system.admin_token())
    with capsys.disabled():
        print(told)
