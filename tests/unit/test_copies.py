"""The notifications of a broadcast: their ids are worked out, and stand together."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.copies import copy_for, copy_id, copy_ids
from belfry.model import new_id, time_of_id
from tests.fakes import NOON

broadcasts = st.integers(0, 20).map(lambda _: new_id())


@given(broadcasts, st.text(min_size=1, max_size=64).filter(str.isprintable))
def test_an_id_is_a_uuid_of_the_broadcasts_time(broadcast_id: str, user_id: str) -> None:
    id_ = copy_id(broadcast_id, user_id)
    parsed = UUID(id_)
    assert (str(parsed), parsed.version, parsed.variant) == (id_, 7, UUID(new_id()).variant)
    assert time_of_id(id_) == time_of_id(broadcast_id)
    assert id_ == copy_id(broadcast_id, user_id)


@given(broadcasts, st.sets(st.text(max_size=8).filter(str.isprintable), max_size=30))
def test_ids_differ_by_person_and_stand_together(broadcast_id: str, people: set[str]) -> None:
    ids = [copy_id(broadcast_id, user_id) for user_id in people]
    assert len(set(ids)) == len(people)
    first, end = copy_ids(broadcast_id)
    assert all(first < id_ < end for id_ in ids)
    assert first < broadcast_id < end


def test_a_copy_has_all_that_the_broadcast_says() -> None:
    broadcast = Broadcast(
        id=new_id(),
        to=Audience(AudienceKind.EVERYBODY),
        content=Content("m", "t", "c", 5, "/x", {"a": 1}),
        created_at=NOON,
        state=BroadcastState.RUNNING,
        deliver_at=NOON + timedelta(hours=1),
        expires_at=NOON + timedelta(hours=2),
    )
    copy = copy_for("ada", broadcast)
    content = (copy.message, copy.title, copy.category, copy.priority, copy.link, copy.data)
    assert content == ("m", "t", "c", 5, "/x", {"a": 1})
    assert (copy.user_id, copy.broadcast_id, copy.created_at) == ("ada", broadcast.id, NOON)
    assert (copy.arrived_at, copy.expires_at) == (broadcast.deliver_at, broadcast.expires_at)
