"""The smoke test against real runners, well and unwell ones: it names the step that fails, and
whatever happens, nothing of its person stays behind.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from bson import json_util
from pymongo import MongoClient

from infra.smoke import Limits, Step, smoke
from infra.smoke.run import CHECKS, LEAVE
from tests.runner import Belfry, free_port
from tests.scripted_api import Answer, ScriptedApi

SOON = 20.0
ALL = [*(check.name for check in CHECKS), LEAVE.name]
OPENED = "a socket opens with a ticket"
SENT = "a notification is sent"
ARRIVES = "it arrives on the socket"
REGISTERING = "slow:3s:auth.register strikes"


def steps_of(belfry: Belfry, **limits: float) -> list[Step]:
    admin = belfry.admin_email, belfry.admin_password
    return list(smoke(belfry.url, None, *admin, Limits(**limits)))


def left_of(belfry: Belfry) -> list[str]:
    """Every document in which something of a person of a smoke test is still to be read."""
    running = json.loads((belfry.folder / "running.json").read_text())
    with MongoClient[dict[str, object]](running["MONGODB_URI"]) as client:
        database = client["belfry"]
        return [
            f"{name}: {text}"
            for name in database.list_collection_names()
            for text in map(json_util.dumps, database[name].find())
            if "smoke" in text.lower()
        ]


def counts_of(belfry: Belfry) -> dict[str, int]:
    """How many documents there are of what people have."""
    running = json.loads((belfry.folder / "running.json").read_text())
    names = "users", "notifications", "inboxes", "categories", "connections", "tickets"
    with MongoClient[dict[str, object]](running["MONGODB_URI"]) as client:
        database = client["belfry"]
        return {name: database[name].count_documents({}) for name in (*names, "dead_letters")}


def until_nothing_is_left(belfry: Belfry, before: dict[str, int]) -> None:
    """What is on its way may arrive after its person has left, and is then dropped."""
    deadline = time.monotonic() + SOON
    while left_of(belfry) or counts_of(belfry) != before:
        assert time.monotonic() < deadline, (left_of(belfry), before, counts_of(belfry))
        time.sleep(0.05)


def failing(steps: list[Step]) -> list[str]:
    return [step.name for step in steps if not step.ok]


def test_all_is_well_and_nothing_stays_behind(belfry: Belfry) -> None:
    before = counts_of(belfry)
    steps = steps_of(belfry)
    assert [step.name for step in steps if step.ok] == ALL, steps
    assert {step.look_at for step in steps} == {""}
    arrived = next(step.seen for step in steps if step.name == ARRIVES)
    assert 0 < int(arrived.split(" ms")[0]) < SOON * 1000
    until_nothing_is_left(belfry, before)


def test_who_loses_interest_leaves_nothing_behind(belfry: Belfry) -> None:
    before = counts_of(belfry)
    with closing(smoke(belfry.url, None, belfry.admin_email, belfry.admin_password)) as steps:
        for step in steps:
            if step.name == SENT:
                break
        assert left_of(belfry)
    until_nothing_is_left(belfry, before)


def test_the_socket_may_be_at_another_address(belfry: Belfry) -> None:
    nobody = f"ws://127.0.0.1:{free_port()}/ws"
    steps = list(smoke(belfry.url, nobody, belfry.admin_email, belfry.admin_password))
    assert failing(steps) == [OPENED]
    assert [step for step in steps if nobody in step.seen]
    assert steps[-1].name == LEAVE.name


def test_an_administrator_who_is_none_is_told_before_anybody_comes(belfry: Belfry) -> None:
    belfry.register("Ada", "ada@example.com", "secret of ada")
    before = counts_of(belfry)
    for email, password, seen in (
        ("ada@example.com", "secret of ada", "ada@example.com is no administrator"),
        (belfry.admin_email, "wrong", "The e-mail address or the password is wrong."),
    ):
        steps = list(smoke(belfry.url, None, email, password))
        assert [step.name for step in steps] == ALL[:3]
        assert (steps[-1].ok, steps[-1].seen) == (False, seen)
    assert counts_of(belfry) == before


def test_a_function_that_is_throttled_is_named(tmp_path: Path) -> None:
    fault = "throttle:1:notifications.create"
    with Belfry(tmp_path / "data", None, "--fault", fault) as belfry:
        before = counts_of(belfry)
        steps = steps_of(belfry)
        assert failing(steps) == [SENT]
        [failed] = [step for step in steps if not step.ok]
        assert (failed.seen, failed.look_at) == (
            "Too Many Requests",
            "the log of notifications.create",
        )
        assert steps[-1].name == LEAVE.name
        until_nothing_is_left(belfry, before)


def test_a_person_who_cannot_leave_is_named(tmp_path: Path) -> None:
    with Belfry(tmp_path / "data", None, "--fault", "fail:1:auth.leave") as belfry:
        steps = steps_of(belfry)
        assert failing(steps) == [LEAVE.name]
        address = next(step.seen for step in steps if step.name == "a person registers")
        assert f"the account {address} is still there" in steps[-1].look_at


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belfry]:
    """Whatever it pushes is lost, and registering takes three seconds."""
    faults = ("--fault", "push-throttled:1", "--fault", "slow:3s:auth.register")
    retries = {"RETRY_MAX_ATTEMPTS": "1", "RETRY_DELAY_SECONDS": "1"}
    with Belfry(tmp_path_factory.mktemp("lossy") / "data", retries, *faults) as belfry:
        yield belfry


def test_frames_that_are_lost_are_told_with_the_trace(lossy: Belfry) -> None:
    before = counts_of(lossy)
    steps = steps_of(lossy, frame=3.0)
    assert failing(steps) == [ARRIVES]
    step = next(step for step in steps if not step.ok)
    assert "no event `notification` came within 3 s. Its trace says: In the inbox." in step.seen
    assert "dispatch.deliver" in step.look_at
    # The retry comes after its person has left; it leaves a stone without anything of theirs.
    assert left_of(lossy) == []
    assert counts_of(lossy) | {"notifications": 0} == before


def test_a_step_that_takes_too_long_is_given_up_and_still_undone(lossy: Belfry) -> None:
    before = counts_of(lossy)
    [*_, registered, left] = steps_of(lossy, call=2.0)
    assert (registered.name, registered.ok) == ("a person registers", False)
    assert registered.seen == "it took more than 2 s"
    assert (left.name, left.ok) == (LEAVE.name, True), left
    assert left.seen.startswith("smoke-"), "it did not wait for the registration"
    assert counts_of(lossy) == before


def test_ctrl_c_is_a_failure_and_leaves_nothing_behind(lossy: Belfry) -> None:
    before, registered = counts_of(lossy), lossy.log.read_text().count(REGISTERING)
    command = [sys.executable, "-m", "local_runner.command", "smoke", "--data", str(lossy.folder)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what runs in its background ignore Ctrl-C, and children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as run:
        deadline = time.monotonic() + SOON
        while lossy.log.read_text().count(REGISTERING) == registered:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=SOON)
    assert run.returncode == 1, out + err
    assert "it was interrupted" in out
    assert "✓ the person leaves" in out
    assert "Failed: a person registers" in err
    assert "Traceback" not in err
    until_nothing_is_left(lossy, before)


def test_the_part_that_is_away_is_named() -> None:
    answer = {"status": "unavailable", "parts": {"mongodb": "ok", "queue": "unavailable"}}
    with ScriptedApi(Answer(503, answer)) as api:
        [step] = smoke(api.url, None, "admin@example.com", "secret")
    assert (step.name, step.seen) == (ALL[0], "queue cannot be reached")


@pytest.mark.parametrize("limits", [Limits(call=0.2), Limits(total=0.2)], ids=["step", "all"])
def test_a_server_that_never_answers_is_given_up(limits: Limits) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        [step] = smoke(url, None, "admin@example.com", "secret", limits)
    assert (step.name, step.seen) == (ALL[0], "it took more than 0.2 s")


def test_a_step_without_time_is_not_begun() -> None:
    with ScriptedApi(Answer(200, {})) as api:
        [step] = smoke(api.url, None, "admin@example.com", "secret", Limits(total=0.0))
        assert api.asked == []
    assert (step.ok, step.seen) == (False, "there was no time left for it")
