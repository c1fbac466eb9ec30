"""What the ports `Audiences` and `Subscriptions` promise."""

from __future__ import annotations

from dataclasses import replace

from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.model import new_id
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB, user
from tests.fakes import NOON


def people(parts: Deps, count: int) -> list[str]:
    """The ids of new accounts, in their order."""
    accounts = [user(f"person{new_id()}@example.com") for _ in range(count)]
    for each in accounts:
        parts.users.add(each, "hash")
    return [each.id for each in accounts]


def broadcast(topic: str | None = None) -> Broadcast:
    kind = AudienceKind.TOPIC if topic else AudienceKind.EVERYBODY
    to = Audience(kind, topic=topic)
    return Broadcast(new_id(), to, Content("Hello"), NOON, BroadcastState.RUNNING)


def test_who_has_no_account_is_missing(parts: Deps) -> None:
    [known] = people(parts, 1)
    assert set(parts.audiences.missing([known, "x", "y", "x"])) == {"x", "y"}
    assert not parts.audiences.missing([known])


def test_everybody_is_who_was_there_before(parts: Deps) -> None:
    before = people(parts, 3)
    sent = broadcast()
    people(parts, 2)
    assert parts.audiences.size(sent) == 3
    assert list(parts.audiences.next(sent, 10)) == before


def test_people_come_in_order_from_where_the_last_chunk_ended(parts: Deps) -> None:
    everybody = people(parts, 5)
    sent = broadcast()
    found: list[str] = []
    while part := parts.audiences.next(replace(sent, after=found[-1] if found else ""), 2):
        assert len(part) <= 2
        found += part
    assert found == everybody


def test_a_topic_has_its_followers(parts: Deps) -> None:
    for user_id, topic in ((BOB, "news"), (ADA, "news"), (ADA, "other"), ("carl", "news-2")):
        parts.subscriptions.add(user_id, topic)
    sent = broadcast("news")
    assert parts.audiences.size(sent) == 2
    assert list(parts.audiences.next(sent, 10)) == [ADA, BOB]
    assert list(parts.audiences.next(replace(sent, after=ADA), 10)) == [BOB]
    assert parts.audiences.size(broadcast("nobodys")) == 0


def test_following_twice_is_following_once(parts: Deps) -> None:
    for _ in range(2):
        parts.subscriptions.add(ADA, "news")
    parts.subscriptions.add(ADA, "a")
    assert list(parts.subscriptions.of(ADA, 10)) == ["a", "news"]
    assert list(parts.subscriptions.of(ADA, 1)) == ["a"]
    assert list(parts.subscriptions.of(BOB, 10)) == []


def test_who_follows_no_more_is_not_reached(parts: Deps) -> None:
    for user_id in (ADA, BOB):
        parts.subscriptions.add(user_id, "news")
    for _ in range(2):
        parts.subscriptions.remove(ADA, "news")
    assert list(parts.audiences.next(broadcast("news"), 10)) == [BOB]
