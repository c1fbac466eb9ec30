"""What is to happen at a time happens then, within two seconds, and once; also when runners die."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from local_runner.command.home import Home
from tests.runner import Belfry, ask, bearer, receive

AT_MOST = 2.0
"""Seconds from its time until a device knows."""

A_WHILE = 1.5
"""Seconds in which what happens twice would have happened again: the schedules are of a second."""

Json = dict[str, Any]
Happenings = Counter[tuple[str, str]]
"""How often each kind of event told of each notification."""


@pytest.fixture(scope="module")
def runners(
    tmp_path_factory: pytest.TempPathFactory, mongodb_uri: str
) -> Iterator[tuple[Belfry, Belfry]]:
    """Two runners of one installation, on one database."""
    folder = tmp_path_factory.mktemp("on-time")
    environment = {
        **Home(folder / "shared").environment(),
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"test_{uuid4().hex[:12]}",
    }
    with (
        closing(Belfry(folder / "first", environment)) as first,
        closing(Belfry(folder / "second", environment)) as second,
    ):
        first.start()
        second.start()
        yield first, second


class Person:
    """Somebody to whom several things shall happen at one time."""

    def __init__(self, belfry: Belfry, name: str) -> None:
        self.user, self.token = belfry.person(name)
        self._belfry = belfry
        self._admin = bearer(belfry.admin_token())

    def plan(self, at: float) -> Happenings:
        """What shall happen then; of several other things that would have, each is called off."""
        moment = datetime.fromtimestamp(at, UTC).isoformat()
        ids = [self._send() for _ in range(5)]
        expiring = [self._send(expiresAt=moment) for _ in range(3)]
        scheduled = [self._send(deliverAt=moment) for _ in range(2)]
        withdrawn = self._send(deliverAt=moment)
        self._until_arrived({*ids, *expiring})
        self._change("snooze", ids[:4], until=moment)
        with self._belfry.socket(self.token) as socket:
            asked = {"change": "snooze", "ids": ids[4:], "until": moment}
            assert ask(socket, action="change", **asked)["type"] in ("done", "snoozed")
        self._change("unsnooze", ids[:1])
        self._change("delete", [ids[1], expiring[0]])
        path = f"/api/notifications/{withdrawn}/withdraw"
        assert self._belfry.http.post(path, headers=self._admin).status_code == 204
        assert time.time() < at, "the machine is too slow for this plan"
        happenings = [("notification", id_) for id_ in scheduled]
        happenings += [("expired", id_) for id_ in expiring[1:]]
        return Counter([*happenings, *(("unsnoozed", id_) for id_ in ids[2:])])

    def events(self, belfry: Belfry, since: int | None = None) -> Json:
        query = {} if since is None else {"since": since}
        return belfry.answer(belfry.get("/api/inbox/events", self.token, params=query), 200)

    def until(self, belfry: Belfry, expected: Happenings, since: int, deadline: float) -> None:
        """Look until all of this has happened, once; later nothing else has."""
        while happenings(self.events(belfry, since)["events"]) != expected:
            found = self.events(belfry, since)["events"]
            assert time.time() < deadline, f"{expected} was {happenings(found)}"
            time.sleep(0.02)

    def _send(self, **fields: Any) -> str:
        body = {"userId": self.user["id"], "message": "Hello", **fields}
        answer = self._belfry.http.post("/api/notifications", json=body, headers=self._admin)
        id_: str = self._belfry.answer(answer, 201)["id"]
        return id_

    def _until_arrived(self, ids: set[str]) -> None:
        deadline = time.monotonic() + 10
        while True:
            page = self._belfry.get("/api/notifications?limit=100", self.token).json()
            if ids <= {item["id"] for item in page["items"]}:
                return
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def _change(self, change: str, ids: list[str], **fields: Any) -> None:
        body = {"change": change, "ids": ids, **fields}
        path, headers = "/api/inbox/changes", bearer(self.token)
        answer = self._belfry.answer(self._belfry.http.post(path, json=body, headers=headers), 200)
        assert answer["changed"] == len(ids)


def happenings(events: list[Json]) -> Happenings:
    told: Happenings = Counter()
    for event in events:
        arrived = [item["id"] for item in event.get("notifications", ())]
        told.update((event["type"], id_) for id_ in event.get("ids", arrived))
    return told


def let_pass(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def test_it_acts_once_though_two_runners_look(runners: tuple[Belfry, Belfry]) -> None:
    first, second = runners
    ada = Person(first, "ada")
    at = time.time() + 3
    expected = ada.plan(at)
    since = ada.events(first)["seq"]
    frames: list[Json] = []
    with first.socket(ada.token) as phone, second.socket(ada.token) as laptop:
        assert ask(phone, action="sync")["seq"] == ask(laptop, action="sync")["seq"] == since
        while happenings(frames) != expected:
            frames.append(receive(phone, timeout=max(0.1, at + AT_MOST - time.time())))
            assert at <= time.time() <= at + AT_MOST
        assert [receive(laptop) for _ in frames] == frames
        let_pass(time.time() + A_WHILE)
        assert ask(phone, action="ping") == {"type": "pong"}, "something came once more"
    assert [frame["seq"] for frame in frames] == list(range(since + 1, since + 1 + len(frames)))
    assert ada.events(first)["seq"] == frames[-1]["seq"]


def test_it_acts_when_one_of_two_runners_is_dead(runners: tuple[Belfry, Belfry]) -> None:
    first, second = runners
    bob = Person(first, "bob")
    at = time.time() + 3
    expected = bob.plan(at)
    since = bob.events(first)["seq"]
    first.kill()
    bob.until(second, expected, since, at + AT_MOST)
    assert time.time() >= at


def test_it_acts_once_when_no_runner_was_up_then(runners: tuple[Belfry, Belfry]) -> None:
    first, second = runners
    if first.pid is None:
        first.start()
    eve = Person(first, "eve")
    at = time.time() + 3
    expected = eve.plan(at)
    since = eve.events(first)["seq"]
    first.kill()
    second.kill()
    let_pass(at + 0.1)
    first.launch()
    second.launch()
    first.wait_until_ready()
    eve.until(first, expected, since, time.time() + AT_MOST)
    second.wait_until_ready()
    let_pass(time.time() + A_WHILE)
    assert happenings(eve.events(second, since)["events"]) == expected
