"""broadcasts.* and dispatch.fan_out: one message for many people, chunk by chunk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from belfry import fan_out as work
from belfry.broadcasts import CHUNK_WITHIN
from belfry.changes import Change
from belfry.copies import copy_id
from belfry.errors import StoreUnavailable
from belfry.model import Connection, Role, User, new_id
from belfry.ports import Changed, Message, PushResult
from belfry.topology import DEAD_LETTERS, FAN_OUT
from functions.broadcasts import create, get, withdraw
from functions.broadcasts import list as list_
from functions.dispatch import deliver, fan_out, sweep
from tests.fakes import NOON, FakeInboxes, Fakes
from tests.unit.events import BOB, Answer, call, http_event, queue_record

EVERYBODY = {"everybody": True}
MESSAGE = "Hello"


@pytest.fixture
def people(fakes: Fakes) -> list[str]:
    """1,234 people: two chunks and a part of one. Ada and Bob are not among everybody."""
    ids = [new_id() for _ in range(1234)]
    for id_ in ids:
        fakes.users.add(User(id_, "Person", f"{id_}@example.com", Role.USER, NOON), "hash")
    return ids


def post(fakes: Fakes, role: Role = Role.ADMIN, **body: Any) -> Answer:
    body = {"to": EVERYBODY, "message": MESSAGE, **body}
    event = http_event("POST", "/api/broadcasts", body=body, caller=BOB, role=role)
    return call(create.handler, event, fakes.deps())


def sent(fakes: Fakes, **body: Any) -> str:
    answer = post(fakes, **body)
    assert answer.status == 202, answer.body
    id_: str = answer.body["id"]
    return id_


def told(fakes: Fakes, id_: str) -> dict[str, Any]:
    event = http_event("GET", f"/api/broadcasts/{id_}", id_=id_, caller=BOB, role=Role.ADMIN)
    answer = call(get.handler, event, fakes.deps())
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


def take_back(fakes: Fakes, id_: str) -> int:
    event = http_event("POST", f"/api/broadcasts/{id_}/withdraw", id_=id_, caller=BOB)
    event["requestContext"]["authorizer"]["lambda"]["role"] = "admin"
    return call(withdraw.handler, event, fakes.deps()).status


def give(fakes: Fakes, message: Message) -> None:
    """Invoke the function of a message's queue with it."""
    handler = fan_out.handler if message.queue == FAN_OUT else deliver.handler
    headers = {name: value for name, value in message.headers.items() if isinstance(value, int)}
    records = {f"{message.queue}::/": [queue_record(message.body, headers)]}
    handler.using(fakes.deps())({"rmqMessagesByQueue": records}, None)


def run(fakes: Fakes) -> Iterator[Message]:
    """Work off the queues, as one after the other comes; answers what each step is about."""
    waiting = fakes.queue.take()
    while waiting:
        message = waiting.pop(0)
        yield message
        give(fakes, message)
        waiting += [each for each in fakes.queue.take() if each.queue != DEAD_LETTERS]


def to_its_end(fakes: Fakes) -> None:
    for _ in run(fakes):
        pass
    fakes.clock.advance(2)
    sweep.handler.using(fakes.deps())({}, None)
    for _ in run(fakes):
        pass


def inboxes(fakes: Fakes) -> Counter[str]:
    """How often each person has been told of something."""
    streams = fakes.memory.tables.streams.values()
    return Counter({s.user_id: sum(len(e.ids) for e in s.events) for s in streams if s.events})


def test_everybody_has_it_once_and_progress_tells_so(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes)
    seen = [told(fakes, id_)]
    assert (seen[0]["state"], seen[0]["accepted"], "total" in seen[0]) == ("running", 0, False)
    seen += [told(fakes, id_) for _ in run(fakes)]
    for name in ("accepted", "delivered"):
        numbers = [each[name] for each in seen]
        assert numbers == sorted(numbers)
    assert any(0 < each["delivered"] < len(people) for each in seen)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
    end = told(fakes, id_)
    assert (end["state"], end["failed"]) == ("finished", 0)
    assert {end[name] for name in ("total", "accepted", "delivered")} == {len(people)}
    assert "finishedAt" in end


def test_messages_that_come_twice_change_nothing_twice(fakes: Fakes, people: list[str]) -> None:
    fakes.connections.add(Connection("phone=", people[7], "https://push.example.com/ws", NOON))
    sent(fakes)
    for message in run(fakes):
        give(fakes, message)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
    assert len(fakes.pusher.frames) == 1


def test_messages_that_are_lost_are_made_up_for(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes)
    for _ in range(10):
        for number, message in enumerate(fakes.queue.take()):
            if number % 2:
                give(fakes, message)
        fakes.clock.advance(61)
        sweep.handler.using(fakes.deps())({}, None)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
    assert told(fakes, id_)["state"] == "finished"


def test_a_queue_that_is_down_loses_nothing(fakes: Fakes, people: list[str]) -> None:
    fakes.queue.down = True
    id_ = sent(fakes)
    sweep.handler.using(fakes.deps())({}, None)
    fakes.queue.down = False
    fakes.clock.advance(CHUNK_WITHIN.total_seconds())
    sweep.handler.using(fakes.deps())({}, None)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
    assert told(fakes, id_)["state"] == "finished"


def test_only_a_chunk_or_two_are_in_the_queues_at_a_time(fakes: Fakes, people: list[str]) -> None:
    sent(fakes)
    for _ in run(fakes):
        states = Counter(row.state.value for row in fakes.memory.tables.notifications.values())
        assert states["queued"] <= 2 * work.CHUNK_PEOPLE


def test_large_contents_make_small_chunks(fakes: Fakes, people: list[str]) -> None:
    sent(fakes, message="x" * 32_000)
    give(fakes, fakes.queue.take()[0])
    stored = len(fakes.memory.tables.notifications)
    assert work.LEAST_PEOPLE <= stored <= work.CHUNK_BYTES // 32_000


def test_listed_people_get_it_once_each(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes, to={"userIds": [*people[:900], *people[:100]]})
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people[:900], 1))
    assert told(fakes, id_)["to"] == {"kind": "users"}
    assert told(fakes, id_)["total"] == 900


def test_a_topic_reaches_its_followers(fakes: Fakes, people: list[str]) -> None:
    for user_id in people[:3]:
        fakes.subscriptions.add(user_id, "news")
    id_ = sent(fakes, to={"topic": "news"})
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people[:3], 1))
    assert told(fakes, id_)["to"] == {"kind": "topic", "topic": "news"}


def test_a_topic_without_followers_is_finished_at_once(fakes: Fakes) -> None:
    id_ = sent(fakes, to={"topic": "nobodys"})
    to_its_end(fakes)
    assert (told(fakes, id_)["state"], told(fakes, id_)["total"]) == ("finished", 0)


def test_a_push_that_is_given_up_counts_as_failed(fakes: Fakes, people: list[str]) -> None:
    fakes.connections.add(Connection("phone=", people[7], "https://push.example.com/ws", NOON))
    fakes.pusher.results["phone="] = PushResult.LATER
    id_ = sent(fakes, to={"userIds": people[:10]})
    to_its_end(fakes)
    end = told(fakes, id_)
    assert (end["state"], end["delivered"], end["failed"]) == ("finished", 9, 1)


def test_it_begins_at_its_time(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes, deliverAt="2026-01-05T13:00:00Z", expiresAt="2026-01-06T13:00:00Z")
    assert fakes.queue.published == []
    sweep.handler.using(fakes.deps())({}, None)
    assert told(fakes, id_)["state"] == "scheduled"
    fakes.clock.advance(3600)
    sweep.handler.using(fakes.deps())({}, None)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
    copy = next(iter(fakes.memory.tables.notifications.values())).notification
    assert (copy.arrived_at, copy.expires_at) == (
        NOON + timedelta(hours=1),
        NOON + timedelta(hours=25),
    )


def test_what_expires_on_the_way_goes_no_further_and_is_finished(
    fakes: Fakes, people: list[str]
) -> None:
    id_ = sent(fakes, expiresAt="2026-01-05T12:00:01Z")
    give(fakes, fakes.queue.take()[0])
    reached = len(fakes.memory.tables.notifications)
    assert 0 < reached < len(people)
    fakes.clock.advance(1)
    to_its_end(fakes)
    assert len(fakes.memory.tables.notifications) == reached
    end = told(fakes, id_)
    assert (end["state"], end["total"]) == ("finished", reached)


def test_what_is_withdrawn_goes_no_further_and_leaves_inboxes(
    fakes: Fakes, people: list[str]
) -> None:
    fakes.connections.add(Connection("phone=", people[0], "https://push.example.com/ws", NOON))
    id_ = sent(fakes)
    steps = run(fakes)
    for _ in range(4):
        next(steps)
    reached = len(fakes.memory.tables.notifications)
    assert 0 < reached < len(people)
    assert take_back(fakes, id_) == 204
    before = told(fakes, id_)
    for _ in steps:
        pass
    to_its_end(fakes)
    assert len(fakes.memory.tables.notifications) == reached
    assert all(row.notification.gone for row in fakes.memory.tables.notifications.values())
    assert told(fakes, id_) == before
    assert before["state"] == "withdrawn"
    assert [frame["type"] for _, frame in fakes.pusher.frames] == ["notification", "withdrawn"]
    assert take_back(fakes, id_) == 204


class BusyInboxes(FakeInboxes):
    """Of some people the inbox cannot be changed; of nobody's, it says so."""

    def __init__(self, fakes: Fakes, busy: Collection[str]) -> None:
        super().__init__(fakes.memory)
        self.busy = set(busy)

    def change_each(
        self, ids: Mapping[str, Collection[str]], change: Change, now: datetime
    ) -> Sequence[Changed]:
        free = {user_id: theirs for user_id, theirs in ids.items() if user_id not in self.busy}
        if not free:
            raise StoreUnavailable("The database does not answer. Try again.")
        return super().change_each(free, change, now)


@pytest.mark.parametrize("count", [1, 700, 1234])
def test_busy_inboxes_hold_up_no_other_withdrawal_and_are_come_back_to(
    fakes: Fakes, people: list[str], count: int
) -> None:
    id_ = sent(fakes)
    to_its_end(fakes)
    copies = sorted((copy_id(id_, user_id), user_id) for user_id in people)
    busy = [user_id for _, user_id in copies[300 : 300 + count]]
    busy += [user_id for _, user_id in copies[: count - len(busy)]]
    fakes.inboxes = inboxes = BusyInboxes(fakes, busy)
    assert take_back(fakes, id_) == 204

    def who_has_it() -> set[str]:
        rows = fakes.memory.tables.notifications.values()
        return {row.notification.user_id for row in rows if not row.notification.gone}

    for _ in range(3):
        steps = list(run(fakes))
        assert len(steps) < 5
        assert who_has_it() == set(busy)
        fakes.clock.advance(CHUNK_WITHIN.total_seconds())
        sweep.handler.using(fakes.deps())({}, None)
    inboxes.busy.clear()
    to_its_end(fakes)
    assert who_has_it() == set()
    fakes.clock.advance(3600)
    sweep.handler.using(fakes.deps())({}, None)
    assert fakes.queue.take() == []


def test_a_finished_one_can_be_withdrawn(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes)
    to_its_end(fakes)
    assert take_back(fakes, id_) == 204
    to_its_end(fakes)
    assert all(row.notification.gone for row in fakes.memory.tables.notifications.values())
    assert told(fakes, id_)["delivered"] == len(people)


def test_what_is_withdrawn_before_its_time_reaches_nobody(fakes: Fakes, people: list[str]) -> None:
    id_ = sent(fakes, deliverAt="2026-01-05T13:00:00Z")
    assert take_back(fakes, id_) == 204
    fakes.clock.advance(3600)
    to_its_end(fakes)
    assert fakes.memory.tables.notifications == {}


def test_what_nobody_sent_is_404(fakes: Fakes) -> None:
    assert take_back(fakes, "unknown") == 404
    event = http_event(id_="unknown", caller=BOB, role=Role.ADMIN)
    assert call(get.handler, event, fakes.deps()).status == 404


def test_the_answer_says_where_to_look(fakes: Fakes) -> None:
    answer = post(fakes, title="T", link="/x", category="c", priority=5)
    assert answer.status == 202
    assert answer.headers["location"] == f"/api/broadcasts/{answer.body['id']}"
    assert answer.body == {
        "id": answer.body["id"],
        "to": {"kind": "everybody"},
        "message": MESSAGE,
        "title": "T",
        "category": "c",
        "priority": 5,
        "link": "/x",
        "state": "running",
        "createdAt": "2026-01-05T12:00:00.000Z",
        "accepted": 0,
        "delivered": 0,
        "failed": 0,
        "cancelled": 0,
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"to": {}}, "/to"),
        ({"to": {"topic": "a", "everybody": True}}, "/to"),
        ({"to": {"userIds": []}}, "/to/userIds"),
        ({"to": {"userIds": ["a"] * 1001}}, "/to/userIds"),
        ({"to": {"userIds": ["a", ""]}}, "/to/userIds/1"),
        ({"to": {"userIds": ["a", 7]}}, "/to/userIds/1"),
        ({"to": {"topic": "No Topic"}}, "/to/topic"),
        ({"to": {"everybody": False}}, "/to/everybody"),
        ({"to": {"everyone": True}}, "/to/everyone"),
        ({"to": "ada"}, "/to"),
        ({"message": " "}, "/message"),
        ({"priority": 6}, "/priority"),
        ({"deliverAt": "2026-01-05T11:59:59Z"}, "/deliverAt"),
        ({"deliverAt": "2027-02-05T12:00:00Z"}, "/deliverAt"),
        ({"deliverAt": "2026-01-06T12:00:00Z", "expiresAt": "2026-01-06T12:00:00Z"}, "/expiresAt"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_input_names_the_field(fakes: Fakes, body: dict[str, Any], pointer: str) -> None:
    answer = post(fakes, **body)
    assert answer.status == 400
    assert pointer in answer.pointers()
    assert fakes.memory.tables.broadcasts == {}


def test_people_who_do_not_exist_are_named_and_nothing_is_sent(
    fakes: Fakes, people: list[str]
) -> None:
    answer = post(fakes, to={"userIds": [people[0], "nobody", people[1], "no one"]})
    assert (answer.status, answer.pointers()) == (422, ["/to/userIds/1", "/to/userIds/3"])
    assert fakes.memory.tables.broadcasts == {}


def test_a_thousand_long_ids_and_a_full_content_fit(fakes: Fakes) -> None:
    ids = [f"{number:064}" for number in range(1000)]
    for id_ in ids:
        fakes.users.add(User(id_, "Person", f"{id_}@example.com", Role.USER, NOON), "hash")
    assert post(fakes, to={"userIds": ids}, message="x" * 32_000).status == 202
    assert post(fakes, to={"userIds": ids}, message="x" * 33_000).status == 400


def test_the_list_is_newest_first(fakes: Fakes) -> None:
    ids = [sent(fakes) for _ in range(3)]

    def page(**query: str) -> Answer:
        event = http_event("GET", "/api/broadcasts", query=query, caller=BOB, role=Role.ADMIN)
        return call(list_.handler, event, fakes.deps())

    first = page(limit="2")
    assert [item["id"] for item in first.body["items"]] == [ids[2], ids[1]]
    assert first.headers["link"].endswith('; rel="next"')
    rest = page(limit="2", cursor=first.body["nextCursor"])
    assert [item["id"] for item in rest.body["items"]] == [ids[0]]
    assert rest.body["nextCursor"] is None
    assert page(cursor="?").status == 400


def test_only_administrators_may(fakes: Fakes) -> None:
    assert post(fakes, role=Role.USER).status == 403
    for handler in (get.handler, list_.handler, withdraw.handler):
        assert call(handler, http_event(id_="b"), fakes.deps()).status == 403


def test_what_cannot_be_read_is_a_dead_letter(fakes: Fakes) -> None:
    for body in (b"?", b"[]", b'{"broadcastId": "b"}', b'{"broadcastId": "b", "chunk": -1}'):
        give(fakes, Message(FAN_OUT, body))
        [dead] = fakes.queue.take()
        assert (dead.queue, dead.headers["x-dead-reason"]) == (DEAD_LETTERS, "unreadable")


def test_a_chunk_of_an_unknown_broadcast_is_nothing(fakes: Fakes) -> None:
    give(fakes, Message(FAN_OUT, json.dumps({"broadcastId": "b", "chunk": 0}).encode()))
    assert fakes.queue.published == []


def test_a_store_that_is_down_gives_the_chunk_back(fakes: Fakes, people: list[str]) -> None:
    sent(fakes)
    [message] = fakes.queue.take()
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        give(fakes, message)
    fakes.memory.down = False
    give(fakes, message)
    to_its_end(fakes)
    assert inboxes(fakes) == Counter(dict.fromkeys(people, 1))
