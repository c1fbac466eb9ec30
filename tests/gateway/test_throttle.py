"""Token bucket and sliding window let pass what they allow, and no more."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from gateway.throttle import EARLY_SECONDS, LATE_SECONDS, SlidingWindow, TokenBucket


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


@given(st.dictionaries(st.integers(500, 5000), st.floats(0, LATE_SECONDS - 0.01), max_size=20))
def test_who_comes_at_the_rate_passes_whatever_pauses_there_are(pauses: dict[int, float]) -> None:
    clock, free = FakeClock(), 0.0
    window = SlidingWindow(500, clock)

    for number in range(5000):
        due = 50.0 + number / 500
        clock.seconds = free = max(free, due + pauses.get(number, 0.0))
        assert window.take()


def test_who_comes_early_again_and_again_passes_no_more_often_than_the_rate() -> None:
    clock = FakeClock()
    window = SlidingWindow(2, clock)

    passed = list(passing(window, clock, [0.01] * 10_000))

    assert 2 * 100 <= len(passed) <= 2 * 101


def test_a_window_of_zero_is_no_limit() -> None:
    window = SlidingWindow(0)

    assert all(window.take() for _ in range(10_000))


@given(most=st.integers(1, 20), waits=st.lists(st.floats(0, 0.8), max_size=200))
def test_never_more_than_the_window_allows(most: int, waits: list[float]) -> None:
    clock = FakeClock()
    passed = list(passing(SlidingWindow(most, clock), clock, waits))

    for index, first in enumerate(passed):
        for seconds, later in enumerate(passed[index::most]):
            assert later - first >= seconds - EARLY_SECONDS - LATE_SECONDS - 1e-6
