"""The rules by which a listener keeps its place, without any I/O."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.client.models import Event
from belfry.client.stream import Lost, Stream
from tests.misbehaving import event

Frame = dict[str, Any]


def ready(seq: int, ref: str = "sync-1") -> Frame:
    return {"type": "ready", "seq": seq, "unreadCount": 0, "ref": ref}


def sync(*seqs: int, ref: str, **more: Any) -> Frame:
    frame = {"type": "sync", "seq": seqs[-1] if seqs else 0, "unreadCount": 0, "recovered": True}
    return {**frame, "events": [event(seq) for seq in seqs], "more": False, "ref": ref, **more}


def seqs(events: list[Event]) -> list[int]:
    return [each.seq for each in events]


@pytest.fixture
def stream() -> Stream:
    """At number 4."""
    stream = Stream()
    assert stream.question() == {"action": "sync", "ref": "sync-1"}
    assert [each.type for each in stream.take(ready(4))] == ["ready"]
    return stream


def test_a_live_event_is_acted_on_once(stream: Stream) -> None:
    assert seqs(stream.take(event(5))) == [5]
    assert stream.take(event(5)) == stream.take(event(4)) == []
    assert not stream.must_ask


def test_a_gap_is_asked_for_once(stream: Stream) -> None:
    assert (stream.take(event(6)), stream.must_ask) == ([], True)
    assert stream.question() == {"action": "sync", "ref": "sync-2", "since": 4}
    assert (stream.take(event(7)), stream.must_ask) == ([], False), "it is asked already"
    assert seqs(stream.take(sync(5, 6, 7, ref="sync-2"))) == [5, 6, 7]
    assert not stream.must_ask


def test_what_was_heard_and_not_answered_is_asked_for_again(stream: Stream) -> None:
    stream.take(event(6))
    stream.question()
    stream.take(event(9))
    assert seqs(stream.take(sync(5, 6, ref="sync-2"))) == [5, 6]
    assert stream.must_ask


def test_an_answer_without_progress_is_not_asked_for_at_once(stream: Stream) -> None:
    stream.take(event(6))
    stream.question()
    assert (stream.take(sync(ref="sync-2", seq=4)), stream.must_ask) == ([], False)
    stream.question()
    stream.take(event(8))
    stream.take(sync(ref="sync-3", seq=4))
    assert stream.must_ask, "something new was heard meanwhile"


def test_an_event_before_the_position_is_known_is_not_left_out() -> None:
    stream = Stream()
    stream.question()
    assert stream.take(event(5)) == []
    stream.take(ready(4))
    assert stream.must_ask
    stream.question()
    assert seqs(stream.take(sync(5, ref="sync-2"))) == [5]


def test_there_is_more_to_ask_for(stream: Stream) -> None:
    stream.question()
    stream.take(sync(5, 6, ref="sync-2", more=True))
    assert stream.must_ask


def test_only_the_answer_to_the_last_question_counts(stream: Stream) -> None:
    stream.question()
    stream.question()
    assert stream.take(ready(90, ref="sync-2")) == []
    assert stream.take(sync(5, ref="sync-1")) == []
    assert stream.is_asked
    assert seqs(stream.take(sync(5, ref="sync-3"))) == [5]
    assert stream.take(sync(6, ref="sync-3")) == [], "the same answer again"


def test_too_much_missed_is_a_resync(stream: Stream) -> None:
    stream.question()
    [resync] = stream.take(sync(ref="sync-2", seq=900, recovered=False))
    assert (resync.type, resync.seq) == ("resync", 900)
    assert seqs(stream.take(event(901))) == [901]


def test_an_answer_with_a_hole_is_a_resync(stream: Stream) -> None:
    stream.question()
    events = stream.take(sync(5, 7, ref="sync-2"))
    assert [(each.type, each.seq) for each in events] == [("archived", 5), ("resync", 7)]


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "error", "status": 503, "title": "No", "detail": "Away.", "ref": "sync-2"},
        {"message": "Internal server error", "connectionId": "x", "requestId": "y"},
        {"type": "sync", "ref": "sync-2"},
        {"type": "sync", "seq": 6, "recovered": True, "events": [event(5), 7], "ref": "sync-2"},
    ],
    ids=["an error", "a failed function", "half of a frame", "nonsense"],
)
def test_a_question_that_failed_loses_the_way_and_nothing_else(
    stream: Stream, frame: Frame
) -> None:
    stream.question()
    with pytest.raises(Lost):
        stream.take(frame)
    assert stream.seq == 4


def test_frames_that_concern_nobody_are_left_out(stream: Stream) -> None:
    for frame in ({"type": "pong"}, {"type": "done"}, {"message": "Internal server error"}, {}):
        assert stream.take(frame) == []


def test_an_event_of_an_unknown_form_is_a_resync(stream: Stream) -> None:
    frame = {**event(6), "seq": 5, "notifications": [{"id": "id5"}]}
    assert [each.type for each in stream.take(frame)] == ["resync"]
    assert stream.seq == 5


class World:
    """An inbox, the frames on their way to a listener, and what came out there."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.stream = Stream()
        self.waiting: list[Frame] = []
        self.position: int | None = None

    def happen(self) -> None:
        self.seq += 1
        self.waiting.append(event(self.seq))

    def ask(self) -> None:
        question = self.stream.question()
        since = question.get("since")
        until = self.seq if since is None else min(self.seq, since + 3)
        if since is None:
            self.waiting.append(ready(until, question["ref"]))
        else:
            missed, more = range(since + 1, until + 1), until < self.seq
            self.waiting.append(sync(*missed, ref=question["ref"], seq=until, more=more))

    def take(self, frame: Frame) -> None:
        for each in self.stream.take(frame):
            assert self.position is None or each.seq == self.position + 1
            self.position = each.seq


ACTS = st.lists(st.sampled_from(["happen", "ask", "take", "repeat", "drop"]), max_size=60)


@given(st.integers(0, 5), ACTS, st.randoms(use_true_random=False))
def test_in_any_order_with_any_loss_each_event_comes_out_once(
    seq: int, acts: list[str], random: Random
) -> None:
    world = World(seq)
    for act in acts:
        random.shuffle(world.waiting)
        match act:
            case "happen":
                world.happen()
            case "ask":
                world.ask()
            case "repeat" if world.waiting:
                world.take(world.waiting[0])
            case "take" if world.waiting:
                world.take(world.waiting.pop())
            case "drop":
                del world.waiting[:1]
    world.stream.must_ask = True
    while world.stream.must_ask:
        world.ask()
        world.take(world.waiting.pop())
    assert world.position == world.stream.seq == world.seq
