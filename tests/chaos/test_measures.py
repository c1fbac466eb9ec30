"""What a record is made into: how long faults were felt, and which posts met one."""

from __future__ import annotations

from tests.chaos.faults import Fault, Kind
from tests.chaos.measures import calm_and_struck, incidents, longest_way, on_all_devices
from tests.chaos.record import Post, Record, Struck


def test_a_fault_is_felt_until_the_last_notification_that_it_held_up_has_arrived() -> None:
    record = _record(
        _post(1, at=1.0, arrives=1.1),
        _post(2, at=9.5, arrives=14.0),  # on its way when the fault came
        _post(3, at=10.5, arrives=13.0),
        _post(4, at=20.0, arrives=20.1),
    )
    record.struck = [_struck("MongoDB", began=10.0, over=12.0)]

    [incident] = incidents(record)
    assert (incident.began, incident.over, incident.felt) == (10.0, 12.0, 4.0)


def test_what_a_later_fault_held_up_is_not_felt_of_the_earlier_one() -> None:
    record = _record(_post(1, at=19.5, arrives=25.0))
    record.struck = [
        _struck("MongoDB", began=10.0, over=12.0),
        _struck("RabbitMQ", began=20.0, over=22.0),
    ]
    assert [incident.felt for incident in incidents(record)] == [0.0, 5.0]


def test_a_refusal_is_felt_too() -> None:
    record = _record(Post("message 1", "ada", 10.5, 10.6, status=503))
    record.struck = [_struck("MongoDB", began=10.0, over=12.0)]
    assert round(incidents(record)[0].felt, 3) == 0.6


def test_faults_that_come_together_are_one_incident() -> None:
    record = _record()
    record.struck = [
        _struck("MongoDB", began=10.0, over=12.0),
        _struck("RabbitMQ", began=11.0, over=19.0),
        _struck("runner 1", began=24.0, over=25.0),
    ]
    found = incidents(record)
    assert [str(each) for each in found] == ["kill MongoDB + kill RabbitMQ", "kill runner 1"]
    assert found[0].over == 19.0


def test_posts_that_touch_an_incident_are_not_calm() -> None:
    record = _record(
        _post(1, at=9.0, took=0.5), _post(2, at=9.9, took=0.5), _post(3, at=12.1, took=0.5)
    )
    record.struck = [_struck("MongoDB", began=10.0, over=12.0)]
    calm, met = calm_and_struck(record)
    assert [post.message for post in calm] == ["message 1", "message 3"]
    assert [post.message for post in met] == ["message 2"]


def test_a_notification_has_arrived_when_the_last_device_of_its_person_saw_it() -> None:
    on_one = _record(_post(1, at=1.0, took=0.5), devices_each=2)
    on_one.arrivals["1"] = [2.0]
    on_both = _record(_post(1, at=1.0, took=0.5), devices_each=2)
    on_both.arrivals["1"] = [2.0, 4.5]

    assert not on_all_devices(on_one)
    assert not on_one.is_caught_up
    assert on_all_devices(on_both) == {"1": 4.5}
    assert on_both.is_caught_up
    assert longest_way(on_both) == 3.0


def _record(*posts: tuple[Post, float | None] | Post, devices_each: int = 1) -> Record:
    record = Record(devices_each)
    for each in posts:
        post, arrives = each if isinstance(each, tuple) else (each, None)
        record.post(post)
        if post.id and arrives is not None:
            record.arrivals[post.id] = [arrives]
    return record


def _post(
    number: int, *, at: float, took: float = 0.05, arrives: float | None = None
) -> tuple[Post, float | None]:
    return Post(f"message {number}", "ada", at, at + took, 201, str(number)), arrives


def _struck(part: str, *, began: float, over: float) -> Struck:
    return Struck(Fault(began, Kind.KILL, part), began, over)
