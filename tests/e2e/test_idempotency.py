"""Idempotency-Key with a real MongoDB, real threads and a real runner."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.idempotency import MongoIdempotencyKeys
from belfry.idempotency import LEASE, Key
from belfry.model import Role, new_id
from belfry.wiring import Deps
from functions.notifications import create
from tests.declared import as_declared
from tests.fakes import FakeClock, FakeQueue
from tests.runner import Belfry, bearer
from tests.unit.events import BOB, call, http_event

PATH = "/api/notifications"


@pytest.fixture(scope="module")
def ada(belfry: Belfry) -> tuple[dict[str, Any], str]:
    return belfry.person("ada")


def post(belfry: Belfry, key: str, user_id: str, message: str = "Hello") -> httpx.Response:
    headers = {**bearer(belfry.admin_token()), "Idempotency-Key": key}
    body = {"userId": user_id, "message": message}
    return belfry.http.post(PATH, json=body, headers=headers)


def test_many_at_once_with_one_key_make_one_notification(
    belfry: Belfry, ada: tuple[dict[str, Any], str]
) -> None:
    headers = {**bearer(belfry.admin_token()), "Idempotency-Key": new_id()}
    body = {"userId": ada[0]["id"], "message": "once"}

    def send(_: int) -> httpx.Response:
        return httpx.post(belfry.url + PATH, json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(send, range(32)))
    answers.append(send(0))

    bodies = {answer.status_code: as_declared(answer, PATH) for answer in answers}
    assert bodies.keys() <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert {answer.json()["id"] for answer in made} == {bodies[201]["id"]}
    first = [answer for answer in made if "idempotency-replayed" not in answer.headers]
    assert len(first) == 1
    again = answers[-1]
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert (again.json(), again.headers["location"]) == (bodies[201], first[0].headers["location"])
    for answer in answers:
        assert answer.status_code == 201 or answer.headers["retry-after"] == "1"


def test_a_key_of_another_request_and_a_key_that_is_none(
    belfry: Belfry, ada: tuple[dict[str, Any], str]
) -> None:
    key = new_id()
    assert post(belfry, key, ada[0]["id"]).status_code == 201
    other = as_declared(post(belfry, key, ada[0]["id"], "another"), PATH)
    assert (other["status"], other["type"]) == (422, "urn:belfry:problem:key-reused")
    too_long = as_declared(post(belfry, "x" * 256, ada[0]["id"]), PATH)
    assert (too_long["status"], too_long["errors"][0]["pointer"]) == (400, "Idempotency-Key")


def test_what_was_refused_may_be_sent_again_corrected(
    belfry: Belfry, ada: tuple[dict[str, Any], str]
) -> None:
    key = new_id()
    assert post(belfry, key, "nobody").status_code == 422
    assert post(belfry, key, ada[0]["id"]).status_code == 201


class Killed(BaseException):
    pass


class DiesBeforeKeeping(MongoIdempotencyKeys):
    """The end of a process between acting and keeping the answer; nothing is tidied up."""

    def keep(self, key: Key, holder: str, answer: Mapping[str, Any]) -> None:
        raise Killed


def test_a_process_that_dies_before_its_answer_is_kept_leads_to_no_second_notification(
    database: Database,
) -> None:
    clock = FakeClock()
    parts = {"database": database, "clock": clock, "queue": FakeQueue()}
    database.users.insert_one({"_id": BOB})
    body = {"userId": BOB, "message": "Hello"}
    event = http_event("POST", PATH, body=body, caller=BOB, role=Role.ADMIN)
    event["headers"]["idempotency-key"] = "order-42"

    dying = Deps(**parts, idempotency_keys=DiesBeforeKeeping(database))
    with pytest.raises(Killed):
        call(create.handler, event, dying)
    [stored] = database.notifications.find()
    assert call(create.handler, event, Deps(**parts)).status == 409
    clock.advance(LEASE.total_seconds())
    second = call(create.handler, event, Deps(**parts))
    assert (second.status, second.body["id"]) == (201, stored["_id"])
    third = call(create.handler, event, Deps(**parts))
    assert (third.body, third.headers["idempotency-replayed"]) == (second.body, "true")
    assert database.notifications.count_documents({"user_id": BOB}) == 1
