"""The ledger finds what was lost, doubled, misplaced or forgotten, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.api import Inbox
from tests.chaos.ledger import Ledger, QueueState, Seen, Wrong, wrongs
from tests.chaos.record import Post

ADA, BOB = "ada", "bob"


def test_a_run_as_it_should_be_has_nothing_wrong() -> None:
    assert not wrongs(_ledger())


def test_a_post_without_a_good_answer_may_be_there_or_not() -> None:
    refused = Post("maybe", ADA, 2.0, 3.0, status=503)
    unanswered = Post("perhaps", ADA, 2.0, 3.0)
    stored = _item("9", ADA, "maybe")
    good = _ledger()
    there = replace(
        good,
        posts=[*good.posts, refused, unanswered],
        inboxes={**good.inboxes, ADA: Inbox([*good.inboxes[ADA].items, stored], 3)},
        devices=[_seen(ADA, _item("1", ADA), _item("2", ADA), stored), *good.devices[1:]],
        stored=4,
    )
    assert not wrongs(there)
    assert not wrongs(replace(good, posts=[*good.posts, refused, unanswered]))


def test_a_lost_one_is_found_by_its_id() -> None:
    found = wrongs(_with_inbox(ADA, _item("1", ADA)))
    assert Wrong("accepted for ada, and 0 times in their inbox", "2") in found


def test_one_in_the_wrong_inbox_is_found() -> None:
    found = _ids(wrongs(_with_inbox(BOB, _item("3", BOB), _item("2", ADA))))
    assert "2" in found


def test_one_twice_in_the_inbox_is_found() -> None:
    found = wrongs(_with_inbox(BOB, _item("3", BOB), _item("3", BOB)))
    assert Wrong("accepted for bob, and 2 times in their inbox", "3") in found


def test_one_stored_under_two_ids_is_found() -> None:
    found = wrongs(_with_inbox(BOB, _item("3", BOB), _item("4", BOB, "message 3")))
    assert _ids(found) >= {"3", "4"}


def test_one_that_nobody_sent_is_found() -> None:
    found = wrongs(_with_inbox(BOB, _item("3", BOB), _item("9", BOB, "from nowhere")))
    assert Wrong("in the inbox of bob, and not sent to them: 'from nowhere'", "9") in found


def test_a_wrong_count_of_unread_ones_is_found() -> None:
    good = _ledger()
    inbox = replace(good.inboxes[BOB], unread=2)
    found = wrongs(replace(good, inboxes={**good.inboxes, BOB: inbox}))
    assert Wrong("bob has 1 unread ones, counted as 2") in found


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (lambda: _seen(BOB), "never seen by device 1 of bob"),
        (lambda: _seen(BOB, _item("3", BOB), _item("3", BOB)), "acted on 2 times by device 1"),
        (lambda: _seen(BOB, _item("3", ADA)), "seen by device 1 of bob, and not in that inbox"),
        (lambda: replace(_seen(BOB, _item("3", BOB)), unread=5), "shows 5 unread ones"),
    ],
)
def test_what_a_device_missed_or_saw_too_often_is_found(device: Any, text: str) -> None:
    good = _ledger()
    assert _told(wrongs(replace(good, devices=[good.devices[0], device()])), text)


def test_one_stored_and_in_no_inbox_is_found() -> None:
    text = "4 notifications are stored, and 3 are in inboxes"
    assert _told(wrongs(replace(_ledger(), stored=4)), text)


def test_a_dead_letter_is_wrong_only_when_its_notification_is_in_no_inbox() -> None:
    letter = {"id": "d", "reason": "push-failed", "error": "gone", "notificationId": "3"}
    assert not wrongs(replace(_ledger(), dead_letters=[letter]))
    unknown = replace(_ledger(), dead_letters=[letter | {"notificationId": "7"}])
    assert _told(wrongs(unknown), "dead letter d, push-failed: gone, and in no inbox")


def test_what_is_left_somewhere_is_found() -> None:
    queues = {"belfry.unreadable": QueueState(2)}
    found = wrongs(replace(_ledger(), queues=queues, on_the_way=["1"], ended=["runner 2"]))
    assert _told(found, "2 messages are left in the queue belfry.unreadable")
    assert Wrong("still on its way", "1") in found
    assert _told(found, "runner 2 has ended by itself")


def test_a_runner_that_went_deaf_to_a_queue_is_found() -> None:
    queues = {"belfry.deliver.0": QueueState(0, missing_consumers=1)}
    text = "1 of the runners do not consume belfry.deliver.0 any more"
    assert _told(wrongs(replace(_ledger(), queues=queues)), text)


def _ledger() -> Ledger:
    """Two for Ada, one for Bob, who have a device each."""
    items = {ADA: [_item("1", ADA), _item("2", ADA)], BOB: [_item("3", BOB)]}
    return Ledger(
        posts=[
            Post(item["message"], user_id, 1.0, 1.1, 201, item["id"])
            for user_id, mine in items.items()
            for item in mine
        ],
        inboxes={user_id: Inbox(mine, len(mine)) for user_id, mine in items.items()},
        devices=[_seen(user_id, *mine) for user_id, mine in items.items()],
        dead_letters=[],
        stored=3,
        on_the_way=[],
        queues={"belfry.deliver.0": QueueState(0)},
        ended=[],
    )


def _with_inbox(user_id: str, *items: dict[str, Any]) -> Ledger:
    good = _ledger()
    return replace(good, inboxes={**good.inboxes, user_id: Inbox(items, len(items))})


def _item(id_: str, user_id: str, message: str | None = None) -> dict[str, Any]:
    return {"id": id_, "userId": user_id, "message": message or f"message {id_}"}


def _seen(user_id: str, *items: dict[str, Any]) -> Seen:
    contents = {item["id"]: item for item in items}
    return Seen(user_id, [item["id"] for item in items], contents, unread=len(contents))


def _ids(found: Sequence[Wrong]) -> set[str | None]:
    return {wrong.id for wrong in found}


def _told(found: Sequence[Wrong], text: str) -> bool:
    return any(text in wrong.text for wrong in found)
