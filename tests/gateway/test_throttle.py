"""Token bucket and sliding window let pass what they allow, and no more."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from gateway.throttle import WINDOW_SECONDS, SlidingWindow, TokenBucket


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


def passing(
    bucket: TokenBucket | SlidingWindow, clock: FakeClock, waits: list[float]
) -> Iterator[float]:
    """The moments at which something passes, asked after each wait."""
    for wait in waits:
        clock.seconds += wait
        if bucket.take():
            yield clock.seconds


def test_a_burst_then_the_rate() -> None:
    clock = FakeClock()
    bucket = TokenBucket(2.0, 3, clock)

    assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]
    clock.seconds += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    clock.seconds += 60
    assert [bucket.take() for _ in range(5)] == [True, True, True, False, False]


def test_a_rate_of_zero_is_no_limit() -> None:
    bucket = TokenBucket(0, 0)

    assert all(bucket.take() for _ in range(10_000))


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 50),
    waits=st.lists(st.floats(0, 2), max_size=200),
)
def test_never_more_than_the_burst_and_the_rate_allow(
    rate: float, burst: int, waits: list[float]
) -> None:
    clock = FakeClock()
    passed = list(passing(TokenBucket(rate, burst, clock), clock, waits))

    for index, first in enumerate(passed):
        for number, later in enumerate(passed[index:], start=1):
            assert number <= burst + (later - first) * rate + 1e-6


def test_a_window_lets_pass_so_many_in_any_second() -> None:
    clock = FakeClock()
    window = SlidingWindow(3, clock)

    assert [window.take() for _ in range(5)] == [True, True, True, False, False]
    clock.seconds += 0.5
    assert not window.take()
    clock.seconds += 0.5
    assert [window.take() for _ in range(4)] == [True, True, True, False]


def test_who_comes_at_the_rate_passes_the_window() -> None:
    clock = FakeClock()
    assert len(list(passing(SlidingWindow(500, clock), clock, [1 / 500] * 5000))) == 5000


def test_a_window_of_zero_is_no_limit() -> None:
    window = SlidingWindow(0)

    assert all(window.take() for _ in range(10_000))


@given(most=st.integers(1, 20), waits=st.lists(st.floats(0, 0.3), max_size=200))
def test_never_more_than_the_window_allows(most: int, waits: list[float]) -> None:
    clock = FakeClock()
    passed = list(passing(SlidingWindow(most, clock), clock, waits))

    for first, one_too_many in zip(passed, passed[most:], strict=False):
        assert one_too_many - first >= WINDOW_SECONDS
