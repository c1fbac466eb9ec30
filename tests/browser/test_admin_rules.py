"""The pure parts of the console: the scales of its charts, and lists that are looked at again."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.admin_answers import URL, Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

MOST_EXAMPLES = settings(max_examples=60, deadline=None)
CALL = """async ([file, name, given]) => {
  const module = await import(`/web/admin/${file}.js`);
  return module[name](...given);
}"""
REFRESH = """async ([items, page]) => {
  const { refreshed } = await import("/web/admin/pages.js");
  return refreshed(items, page, (item) => item);
}"""


@pytest.fixture(scope="module")
def run(chromium: Browser) -> Iterator[Callable[..., Any]]:
    """Calls a function of a module of the console: `run("scale", "valueTicks", 12)`."""
    context = chromium.new_context(timezone_id="UTC")
    context.route("**/*", Answers().serve)
    page = context.new_page()
    page.goto(f"{URL}/web/bell.svg")

    def call(file: str, name: str, *given: Any) -> Any:
        if name == "refreshed":
            return page.evaluate(REFRESH, [*given])
        return page.evaluate(CALL, [file, name, [*given]])

    yield call
    context.close()


@MOST_EXAMPLES
@given(most=st.integers(0, 10_000_000))
def test_the_values_beside_a_chart_are_few_round_and_enough(run: Any, most: int) -> None:
    ticks = run("scale", "valueTicks", most)
    assert ticks[0] == 0
    assert ticks[-1] >= max(1, most)
    assert 2 <= len(ticks) <= 6
    step = ticks[1]
    assert ticks == [step * index for index in range(len(ticks))]
    assert str(step).strip("0") in {"1", "2", "5"}


@MOST_EXAMPLES
@given(
    begin=st.integers(1_600_000_000, 2_000_000_000),
    minutes=st.sampled_from([2, 5, 15, 60]),
    most=st.integers(2, 12),
)
def test_the_times_below_a_chart_are_inside_and_not_too_many(
    run: Any, begin: int, minutes: int, most: int
) -> None:
    end = begin + minutes * 60
    ticks = [tick / 1000 for tick in run("scale", "timeTicks", begin * 1000, end * 1000, most)]
    assert all(begin <= tick <= end for tick in ticks)
    assert len(ticks) <= most + 1
    steps = {after - before for before, after in pairwise(ticks)}
    assert len(steps) <= 1
    assert all(tick % 10 == 0 for tick in ticks)


def test_a_line_ends_where_a_value_is_missing_and_a_lone_one_is_a_dot(run: Any) -> None:
    points = [[0, 1], [10, 2], None, [30, 3.14159]]
    assert run("scale", "linePath", points) == "M0 1h0L10 2M30 3.1h0"


@MOST_EXAMPLES
@given(
    names=st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=30),
    shown=st.integers(1, 30),
    fresh=st.lists(st.integers(100, 120), unique=True, max_size=5),
    gone=st.sets(st.integers(0, 99)),
    size=st.integers(1, 10),
)
def test_a_list_that_is_looked_at_again_shows_each_item_once_and_none_that_is_gone_above(
    run: Any, names: list[int], shown: int, fresh: list[int], gone: set[int], size: int
) -> None:
    """`names` is the whole list; some were shown, some came on top, some went, one page is read."""
    now = fresh + [name for name in names if name not in gone]
    page = now[:size]
    result = run("pages", "refreshed", names[:shown], page)
    assert len(set(result)) == len(result)
    assert result[: len(page)] == page
    # What follows is a part of the old list, in its order.
    rest = result[len(page) :]
    assert rest == [name for name in names[:shown] if name in set(rest)]
    assert all(names.index(name) > names.index(page[-1]) for name in rest)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (-100, "2 minutes ago"),
        (24.98 * 60, "in 25 minutes"),
        (2 * 86_400 - 1, "in 2 days"),
        (30 * 86_400, "4 Feb 2026, 10:00"),
    ],
)
def test_a_time_is_said_as_people_do(run: Any, seconds: float, said: str) -> None:
    now = datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp() * 1000
    assert run("times", "relativeTime", now + seconds * 1000, now) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(0, "0 ms"), (8.3, "8 ms"), (1_020, "1.0 s"), (59_000, "59 s"), (240_000, "4 min")],
)
def test_a_length_of_time_is_short(run: Any, milliseconds: float, said: str) -> None:
    assert run("times", "duration", milliseconds) == said
