"""What an operator asks a real runner: people, who is online, statistics."""

from __future__ import annotations

import json
import time
from typing import Any

from belfry.adapters.mongo.database import Database
from tests.declared import as_declared
from tests.runner import Belfry, ask, receive


def test_people_are_found_and_seen_while_they_are_online(belfry: Belfry) -> None:
    person, token = belfry.person("grace")
    admin = belfry.admin_token()
    found = belfry.get("/api/users", admin, params={"search": "GRA"})
    assert as_declared(found, "/api/users") == {"items": [person], "nextCursor": None}
    assert belfry.get("/api/users", token).status_code == 403

    with belfry.socket(token) as phone, belfry.socket(token) as laptop:
        for device in (phone, laptop):
            ask(device, action="sync")
        online = as_declared(belfry.get("/api/online", admin), "/api/online")
        assert (online["people"], online["connections"]) == (1, 2)
        [one] = online["items"]
        assert one["user"] == person
        assert len(one["connections"]) == 2
    eventually(lambda: belfry.get("/api/online", admin).json()["connections"] == 0)


def test_what_happens_is_counted(belfry: Belfry) -> None:
    person, token = belfry.person("ada")
    admin = belfry.admin_token()
    before = totals(belfry, admin)
    with belfry.socket(token) as device:
        ask(device, action="sync")
        for _ in range(5):
            belfry.send(person["id"])
        arrived = 0
        while arrived < 5:
            arrived += len(receive(device)["notifications"])
    eventually(
        lambda: (
            totals(belfry, admin)
            == {
                "accepted": before["accepted"] + 5,
                "delivered": before["delivered"] + 5,
                "failed": 0,
            }
        )
    )
    answer = belfry.get("/api/statistics", admin)
    body = as_declared(answer, "/api/statistics")
    assert len(body["buckets"]) == 90
    latencies = [each["latency"] for each in body["buckets"] if each["latency"]]
    assert all(0 < each["p50"] <= each["p99"] < 60_000 for each in latencies)
    assert {each["name"] for each in body["queues"]} >= {"belfry.deliver.0", "belfry.dead"}


def test_a_ping_puts_back_a_connection_that_was_given_up(belfry: Belfry) -> None:
    person, token = belfry.person("cyd")
    running = json.loads((belfry.folder / "running.json").read_text())
    database = Database.connect(running["MONGODB_URI"], "belfry")
    with belfry.socket(token) as device:
        ask(device, action="sync")
        assert database.connections.delete_one({"user_id": person["id"]}).deleted_count == 1
        assert ask(device, action="ping")["type"] == "pong"
        belfry.send(person["id"])
        assert receive(device)["type"] == "notification"
    database.client.close()


def totals(belfry: Belfry, token: str) -> dict[str, int]:
    buckets = belfry.get("/api/statistics", token).json()["buckets"]
    return {
        name: sum(bucket[name] for bucket in buckets)
        for name in ("accepted", "delivered", "failed")
    }


def eventually(check: Any) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)
