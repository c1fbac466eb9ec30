"""Scheduled functions on AWS: EventBridge invokes once a minute, and they repeat themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belfry.errors import StoreUnavailable
from belfry.schedule import repeat, scheduled
from belfry.wiring import Deps
from functions.dispatch import due, sweep
from tests.declared import SPEC
from tests.fakes import Fakes

MINUTE = {"detail": {"everySeconds": 1, "forSeconds": 60}}


@dataclass
class World:
    """A clock that goes on when somebody works or pauses, and what each step does."""

    durations: Sequence[int] = ()
    failing: frozenset[int] = frozenset()
    now: float = 1000.0
    steps: list[tuple[float, float]] = field(default_factory=list)

    def work(self, parts: Deps) -> None:
        number, began = len(self.steps), self.now
        self.now += self.durations[number] if number < len(self.durations) else 0
        self.steps.append((began - 1000, self.now - 1000))
        if number in self.failing:
            raise StoreUnavailable(f"step {number}")

    def pause(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def parts(self) -> Deps:
        return Deps(monotonic=lambda: self.now, pause=self.pause)

    def left(self, limit: float) -> Callable[[], float]:
        return lambda: limit - (self.now - 1000)

    def repeat(self, every: float = 1, lasting: float = 60, limit: float = 75) -> None:
        repeat(self.work, self.parts(), every=every, lasting=lasting, seconds_left=self.left(limit))


@given(
    durations=st.lists(st.integers(0, 20), max_size=40),
    every=st.integers(1, 10),
    lasting=st.integers(1, 120),
    limit=st.integers(1, 200),
)
def test_steps_are_at_fixed_times_one_at_a_time_and_within_theirs(
    durations: list[int], every: int, lasting: int, limit: int
) -> None:
    world = World(durations)
    world.repeat(every, lasting, limit)
    begun = [began for began, _ in world.steps]
    assert all(began % every == 0 and began < lasting for began in begun)
    longest = float(every)
    for (began, ended), (following, _) in pairwise(world.steps):
        longest = max(longest, ended - began)
        earliest = max(-(-ended // every) * every, began + every)
        assert following == earliest, "the next fixed time, and none is made up for"
        assert limit - following >= longest, "time for another step like those before"
    if not any(durations) and limit >= lasting + every:
        assert len(world.steps) == -(-lasting // every)


def test_a_minute_has_sixty_steps_and_leaves_the_next_one_to_the_next_invocation() -> None:
    world = World()
    world.repeat()
    assert [began for began, _ in world.steps] == [float(second) for second in range(60)]
    assert world.now == 1059


def test_it_ends_in_time_when_steps_take_long() -> None:
    world = World(durations=[20, 20, 20, 20])
    world.repeat(limit=59)
    assert world.steps == [(0, 20), (20, 40)]


def test_a_step_that_fails_is_tried_again_at_the_next(caplog: pytest.LogCaptureFixture) -> None:
    world = World(failing=frozenset({0, 2}))
    world.repeat(lasting=4)
    assert len(world.steps) == 4
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "step 2" in caplog.text


def test_when_no_step_succeeds_the_last_error_is_raised() -> None:
    world = World(failing=frozenset(range(3)))
    with pytest.raises(StoreUnavailable, match="step 2"):
        world.repeat(lasting=3)


@pytest.mark.parametrize("event", [{}, {"detail": {}}, {"source": "aws.events", "detail": {}}])
def test_without_a_detail_it_works_once(event: dict[str, object]) -> None:
    world = World(failing=frozenset({1}))
    handler = scheduled(world.work).using(world.parts())
    handler(event, None)
    assert len(world.steps) == 1
    with pytest.raises(StoreUnavailable):
        handler(event, None)


@pytest.mark.parametrize(
    ("detail", "named"),
    [
        ({"everySeconds": 1}, "detail.forSeconds"),
        ({"forSeconds": 60}, "detail.everySeconds"),
        ({"everySeconds": 0, "forSeconds": 60}, "detail.everySeconds"),
        ({"everySeconds": True, "forSeconds": 60}, "detail.everySeconds"),
        ({"everySeconds": 1, "forSeconds": "60"}, "detail.forSeconds"),
    ],
)
def test_a_detail_that_makes_no_sense_names_the_field(
    detail: dict[str, object], named: str
) -> None:
    world = World()
    with pytest.raises(ValueError, match=named):
        scheduled(world.work).using(world.parts())({"detail": detail}, None)
    assert world.steps == []


REPEATED = [name for name, each in SPEC["x-schedules"].items() if each["everySeconds"] < 60]


@pytest.mark.parametrize("address", REPEATED)
def test_whoever_is_repeated_for_a_minute_has_time_for_a_last_step(address: str) -> None:
    assert SPEC["x-functions"][address]["timeoutSeconds"] >= 70


@pytest.mark.parametrize("module", [sweep, due], ids=lambda module: module.__name__)
def test_the_functions_take_the_minute_from_their_context(fakes: Fakes, module: object) -> None:
    began = fakes.monotonic()
    left = lambda: int(75_000 - (fakes.monotonic() - began) * 1000)  # noqa: E731
    context = SimpleNamespace(get_remaining_time_in_millis=left)
    module.handler.using(fakes.deps())(MINUTE, context)  # type: ignore[attr-defined]
    assert fakes.monotonic() - began == pytest.approx(59)
