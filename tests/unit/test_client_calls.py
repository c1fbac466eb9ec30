"""The client's calls: what it asks, what it makes of the answers, and what it asks again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.client import Belfry, FieldError, Notification, Problem, Unreachable
from belfry.client.backoff import Backoff
from belfry.client.calls import Calls
from belfry.client.http import MAX_TRIES, Http
from belfry.client.wire import camel, read, write
from tests.declared import ROOT, operations
from tests.runner import free_port
from tests.scripted_api import Answer, ScriptedApi

AT = "2026-01-05T10:20:30.123Z"
ITEM = {"id": "1", "userId": "ada", "message": "Hi", "priority": 3, "read": False, "createdAt": AT}
YEARS = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001  # the zone is added
AWAY = Answer(503, {"type": "urn:belfry:problem:unavailable", "detail": "Away."})
SOON = Answer(503, {"message": "Service Unavailable"}, {"Retry-After": "2"})
THROTTLED = Answer(429, {"message": "Too Many Requests"})
BUSY = Answer(409, {"detail": "Still at work."}, {"Retry-After": "1"})
NONE = Answer(0)
SENT = Answer(201, ITEM)


class Waits(list[float]):
    """Instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Impatient(Belfry):
    """A client that does not really wait."""

    def __init__(self, url: str, waits: Waits) -> None:
        Calls.__init__(self, Http(url, lambda: "a token", waits))


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def client(waits: Waits) -> Iterator[Callable[[ScriptedApi], Belfry]]:
    """Makes a client of a server."""
    made: list[Belfry] = []

    def make(api: ScriptedApi) -> Belfry:
        made.append(Impatient(api.url, waits))
        return made[-1]

    yield make
    for each in made:
        each.close()


Make = Callable[[ScriptedApi], Belfry]


def test_sending_says_what_is_given_and_nothing_else(client: Make) -> None:
    later = datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=2)))
    with ScriptedApi(SENT) as api:
        sent = client(api).send("ada", "Hi", title="T", data={"a": 1}, deliver_at=later)
    [asked] = api.asked
    assert (asked.method, asked.path) == ("POST", "/api/notifications")
    assert asked.headers["authorization"] == "Bearer a token"
    assert asked.body == {
        "userId": "ada",
        "message": "Hi",
        "title": "T",
        "data": {"a": 1},
        "deliverAt": "2026-01-05T10:00:00+00:00",
    }
    created = datetime(2026, 1, 5, 10, 20, 30, 123000, tzinfo=UTC)
    assert sent == Notification("1", "ada", "Hi", 3, read=False, created_at=created)


@pytest.mark.parametrize(
    "trouble", [AWAY, SOON, THROTTLED, BUSY, NONE], ids=["503", "later", "429", "409", "none"]
)
def test_what_may_pass_is_tried_again_with_the_same_key(
    client: Make, waits: Waits, trouble: Answer
) -> None:
    with ScriptedApi(trouble, trouble, SENT) as api:
        assert client(api).send("ada", "Hi").id == "1"
    keys = {asked.headers["idempotency-key"] for asked in api.asked}
    assert (len(api.asked), len(keys)) == (3, 1)
    after = float(trouble.headers.get("Retry-After", 0))
    assert all(after <= wait <= after + 0.5 for wait in waits)


def test_a_first_try_that_has_died_is_waited_for(client: Make, waits: Waits) -> None:
    with ScriptedApi(NONE, *[BUSY] * 30, SENT) as api:
        assert client(api).send("ada", "Hi").id == "1"
    assert len({asked.headers["idempotency-key"] for asked in api.asked}) == 1
    assert 30 <= sum(waits) <= 40


def test_one_that_is_at_work_for_ever_is_not(client: Make, waits: Waits) -> None:
    with ScriptedApi(BUSY) as api, pytest.raises(Problem) as given_up:
        client(api).send("ada", "Hi")
    assert given_up.value.status == 409
    assert 40 <= sum(waits) <= 42


def test_each_sending_has_a_key_of_its_own_unless_it_is_given(client: Make) -> None:
    with ScriptedApi(SENT) as api:
        belfry = client(api)
        for key in (None, None, "mine"):
            belfry.send("ada", "Hi", idempotency_key=key)
    keys = [asked.headers["idempotency-key"] for asked in api.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"
    assert all("idempotencyKey" not in asked.body for asked in api.asked)


@pytest.mark.parametrize("trouble", [AWAY, THROTTLED, NONE], ids=["503", "429", "none"])
def test_it_gives_up_in_the_end(client: Make, trouble: Answer) -> None:
    with ScriptedApi(trouble) as api, pytest.raises((Problem, Unreachable)) as given_up:
        client(api).get("1")
    assert len(api.asked) == MAX_TRIES
    if trouble.status:
        assert isinstance(given_up.value, Problem)
        assert given_up.value.status == trouble.status


def test_what_would_take_too_long_is_not_waited_for(client: Make, waits: Waits) -> None:
    away = Answer(503, {"message": "No"}, {"Retry-After": "3600"})
    with ScriptedApi(away) as api, pytest.raises(Problem):
        client(api).get("1")
    assert (len(api.asked), waits) == (1, [])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500])
def test_what_will_not_pass_is_not_tried_again(client: Make, status: int) -> None:
    with ScriptedApi(Answer(status, {"message": "No"})) as api, pytest.raises(Problem) as no:
        client(api).send("ada", "Hi")
    assert (no.value.status, no.value.detail, len(api.asked)) == (status, "No", 1)


def test_what_may_not_be_repeated_is_not(client: Make) -> None:
    with ScriptedApi(NONE) as api, pytest.raises(Unreachable, match="does not answer"):
        client(api).request("DELETE", "/api/dead-letters/1")
    assert len(api.asked) == 1


@pytest.mark.parametrize("trouble", [NONE, AWAY, THROTTLED], ids=["none", "503", "429"])
def test_who_leaves_may_do_so_again(client: Make, trouble: Answer) -> None:
    with ScriptedApi(trouble, Answer(204)) as api:
        client(api).leave()
    assert [(asked.method, asked.path) for asked in api.asked] == [("DELETE", "/api/me")] * 2


def test_a_problem_names_its_kind_and_the_fields(client: Make) -> None:
    declared = operations()["/api/notifications", "post"]["responses"]["422"]["content"]
    body = declared["application/problem+json"]["example"]
    with ScriptedApi(Answer(422, body)) as api, pytest.raises(Problem) as no:
        client(api).send("nobody", "Hi")
    assert (no.value.type, no.value.status) == ("unknown-recipient", 422)
    assert str(no.value) == no.value.detail == "There is no person with this id."
    assert no.value.errors == (FieldError("/userId", "there is no person with this id"),)
    assert no.value.answer == body


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"\xff", {"id": 7}, {**ITEM, "createdAt": "yesterday"}]
)
def test_another_program_at_the_address_is_named(client: Make, body: Any) -> None:
    with (
        ScriptedApi(Answer(200, body)) as api,
        pytest.raises(Unreachable, match=r"at http|answers what"),
    ):
        client(api).get("1")


def test_an_answer_without_its_fields_is_not_of_belfry(client: Make) -> None:
    with ScriptedApi(Answer(200, {"hello": "world"})) as api:
        belfry = client(api)
        for call in (lambda: list(belfry.inbox()), belfry.topics, lambda: belfry.read("1")):
            with pytest.raises(Unreachable, match="Another program answers"):
                call()


def test_nobody_at_the_address(waits: Waits) -> None:
    http = Http(f"http://127.0.0.1:{free_port()}", sleep=waits)
    with pytest.raises(Unreachable, match="does not answer"):
        http.call("GET", "/api/me")
    assert len(waits) == MAX_TRIES - 1


@pytest.mark.parametrize("url", ["localhost:8080", "", "ftp://localhost"])
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="url: "):
        Belfry(url, "a token")
    with pytest.raises(ValueError, match="websocket_url: "):
        Belfry("http://localhost", "a token", websocket_url=url or "https://localhost")


def test_a_list_takes_as_many_pages_as_are_asked_for(client: Make) -> None:
    def page(id_: str, cursor: str | None) -> Answer:
        return Answer(200, {"items": [{**ITEM, "id": id_}], "nextCursor": cursor})

    with ScriptedApi(page("1", "c 1"), page("2", "c2"), page("3", None)) as api:
        inbox = client(api).inbox(unread=True, since=datetime(2026, 1, 5, tzinfo=UTC))
        assert next(inbox).id == "1"
        assert len(api.asked) == 1
        assert [item.id for item in inbox] == ["2", "3"]
    first = "/api/notifications?limit=100&unread=true&since=2026-01-05T00%3A00%3A00%2B00%3A00"
    assert [asked.path for asked in api.asked] == [
        first,
        f"{first}&cursor=c+1",
        f"{first}&cursor=c2",
    ]


def test_a_change_goes_on_until_there_are_no_more(client: Make) -> None:
    def done(changed: int, cursor: str | None) -> Answer:
        body = {"changed": changed, "nextCursor": cursor, "seq": 9, "unreadCount": 0}
        return Answer(200, body)

    with ScriptedApi(done(1000, "a"), done(0, "b"), done(5, None)) as api:
        changed = client(api).change("archive", where={})
    assert (changed.changed, len(api.asked)) == (1005, 3)
    first = {"change": "archive", "filter": {}}
    assert [asked.body for asked in api.asked] == [
        first,
        first | {"cursor": "a"},
        first | {"cursor": "b"},
    ]
    assert len({asked.headers["idempotency-key"] for asked in api.asked}) == 3


def test_a_snooze_has_its_time(client: Make) -> None:
    answer = Answer(200, {"changed": 1, "nextCursor": None, "seq": 9, "unreadCount": 0})
    with ScriptedApi(answer) as api:
        belfry = client(api)
        belfry.snooze("1", "2", until=datetime(2026, 1, 5, tzinfo=UTC))
        with pytest.raises(ValueError, match="until has no time zone"):
            belfry.snooze("1", until=datetime(2026, 1, 5))  # noqa: DTZ001  # that is the mistake
    until = "2026-01-05T00:00:00+00:00"
    assert api.asked[0].body == {"change": "snooze", "ids": ["1", "2"], "until": until}


def test_counts_are_asked_for_in_one_call(client: Make) -> None:
    answer = Answer(200, {"counts": [3, 1], "unreadCount": 3, "seq": 9})
    with ScriptedApi(answer) as api:
        counts = client(api).counts([{"unread": True}, {"category": "a&b"}])
    assert counts.counts == (3, 1)
    assert "%22category%22%3A+%22a%26b%22" in api.asked[0].path


@pytest.mark.parametrize("to", [{}, {"users": ["a"], "everybody": True}])
def test_a_broadcast_is_for_one_kind_of_recipients(client: Make, to: Any) -> None:
    with ScriptedApi(Answer()) as api, pytest.raises(ValueError, match="one of them"):
        client(api).broadcast("Hi", **to)
    assert api.asked == []


@pytest.mark.parametrize(
    ("to", "sent", "answered"),
    [
        ({"users": ["a", "b"]}, {"userIds": ["a", "b"]}, {"kind": "users"}),
        ({"topic": "t"}, {"topic": "t"}, {"kind": "topic", "topic": "t"}),
        ({"everybody": True}, {"everybody": True}, {"kind": "everybody"}),
    ],
    ids=["users", "topic", "everybody"],
)
def test_a_broadcast_and_how_far_it_is(client: Make, to: Any, sent: Any, answered: Any) -> None:
    progress = {"state": "running", "accepted": 2, "delivered": 1, "failed": 0, "total": 2}
    body = {"id": "b", "to": answered, "message": "Hi", "priority": 3, "createdAt": AT, **progress}
    with ScriptedApi(Answer(202, body)) as api:
        broadcast = client(api).broadcast("Hi", **to)
        assert client(api).broadcast_status("b") == broadcast
    assert api.asked[0].body == {"to": sent, "message": "Hi"}
    assert (broadcast.to.kind, broadcast.total) == (answered["kind"], 2)


def test_names_in_an_address_are_quoted(client: Make) -> None:
    with ScriptedApi(Answer(204, b"")) as api:
        client(api).subscribe("a/b c?")
    assert api.asked[0].path == "/api/topics/a%2Fb%20c%3F/subscription"


def test_a_log_in_is_renewed_when_its_token_is_refused() -> None:
    def token(text: str) -> Answer:
        return Answer(200, {"token": text, "tokenType": "Bearer", "expiresIn": 900})

    no = Answer(401, {"message": "Unauthorized"})
    script = (token("one"), Answer(200, ITEM), Answer(200, ITEM), no, token("two"), SENT)
    with ScriptedApi(*script) as api, Belfry.log_in(api.url, "ada@example.com", "secret") as belfry:
        for _ in range(3):
            belfry.get("1")
    given = [asked.headers.get("authorization") for asked in api.asked]
    assert given == [None, "Bearer one", "Bearer one", "Bearer one", None, "Bearer two"]
    assert api.asked[0].body == {"email": "ada@example.com", "password": "secret"}


def test_a_token_about_to_expire_is_renewed_before() -> None:
    token = Answer(200, {"token": "short", "expiresIn": 0})
    script = (token, Answer(200, ITEM), token, Answer(200, ITEM))
    with ScriptedApi(*script) as api, Belfry.log_in(api.url, "ada@example.com", "x") as belfry:
        belfry.get("1")
        belfry.get("1")
    assert [asked.path for asked in api.asked].count("/api/login") == 2


def test_the_example_of_a_trace_is_understood(client: Make) -> None:
    answer = operations()["/api/notifications/{id}/trace", "get"]["responses"]["200"]
    with ScriptedApi(Answer(200, answer["content"]["application/json"]["example"])) as api:
        trace = client(api).trace("1")
    assert (trace.steps[2].step, trace.steps[2].pushed) == ("attempt", 1)
    assert trace.steps[0].by is None


@given(st.datetimes(*YEARS, timezones=st.timezones()))
def test_times_survive_the_way(moment: datetime) -> None:
    item = read(Notification, {**ITEM, **json.loads(json.dumps(write({"read_at": moment})))})
    assert item.read_at == moment.astimezone(UTC)  # two clocks never agree on a skipped hour


@given(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_names_on_the_wire_are_camel_case(name: str) -> None:
    assert "_" not in camel(name)
    assert camel(name).lower() == name.replace("_", "")


@given(st.one_of(st.integers(1, 8), st.integers(1, 10_000)))
def test_a_wait_is_never_longer_than_the_longest(failures: int) -> None:
    bound = min(8.0, 0.25 * 2.0 ** min(failures - 1, 99))
    waits = [Backoff(0.25, 8.0).wait(failures) for _ in range(50)]
    assert all(0 <= wait <= bound for wait in waits)
    assert max(waits) > bound / 2, "full jitter, up to the bound"


def test_who_does_not_listen_needs_no_websockets_and_nothing_of_the_server() -> None:
    code = "import sys, belfry.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"websockets", "pydantic", "pymongo", "pika", "jwt", "belfry.errors"}


def test_the_page_about_the_client_names_what_there_is() -> None:
    page = (ROOT / "docs" / "python-client.md").read_text()
    for call in re.findall(r"(?:`|\bbelfry\.|, `)([a-z_]+)\(", page):
        assert callable(getattr(Belfry, call)), call
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        compile(example, "python-client.md", "exec")
