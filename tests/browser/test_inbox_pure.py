"""Pure parts of the inbox element, for whatever may come: its texts, links and times."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.inbox_element import new_context, open_element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = 0
# Chromium and Python agree on the time zone's rules, and each day of these years has its morning.
SECONDS = st.integers(1_704_067_200, 1_893_456_000)  # 2024 to 2029
TIMES = SECONDS.map(lambda seconds: datetime.fromtimestamp(seconds, UTC))

SNOOZE = """async (now) => {
  const { snoozeTimes } = await import("/web/inbox/snooze-times.js");
  return snoozeTimes(new Date(now)).map(([name, time]) => [name, time.getTime()]);
}"""
VISIBLE = """async (text) => (await import("/web/inbox/text.js")).visible(text)"""
LINK = """async (link) => (await import("/web/inbox/text.js")).safeLink(link)?.href ?? null"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page with the modules at hand, in Berlin."""
    context = new_context(chromium)
    yield open_element(context, []).page
    context.close()


@given(now=TIMES)
@settings(max_examples=50, deadline=None)
def test_times_to_snooze_until_are_to_come_and_of_the_calendar(page: Page, now: datetime) -> None:
    times = {
        name: datetime.fromtimestamp(at / 1000, BERLIN)
        for name, at in page.evaluate(SNOOZE, now.timestamp() * 1000)
    }
    here = now.astimezone(BERLIN)

    assert timedelta(0) <= times["inAnHour"] - now - timedelta(hours=1) < timedelta(minutes=1)
    assert times["tomorrow"].date() == here.date() + timedelta(days=1)
    assert times["nextWeek"].weekday() == MONDAY
    assert timedelta(0) < times["nextWeek"].date() - here.date() <= timedelta(days=7)
    assert (times["tomorrow"].hour, times["nextWeek"].hour) == (9, 9)
    assert ("thisEvening" in times) == (here.hour < 17)


@given(text=st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_nothing_that_is_shown_controls_anything(page: Page, text: str) -> None:
    shown: str = page.evaluate(VISIBLE, text.encode("utf-8", "replace").decode())
    controls = {one for one in shown if unicodedata.category(one) == "Cc"}
    assert controls <= {"\n", "\t"}
    assert not {"\u202d", "\u202e"} & set(shown)


@given(start=st.sampled_from(["", "/", "//", "/\\", "javascript:", "http://", "https:", "data:"]))
@settings(max_examples=20, deadline=None)
def test_links_lead_to_the_web_or_stay_on_the_page(page: Page, start: str) -> None:
    for rest in ("evil.example/x", "\tevil.example", "@evil.example", "\\evil.example", "a b"):
        found: str | None = page.evaluate(LINK, start + rest)
        assert found is None or found.startswith(("http://", "https://"))
        if found is not None and start in ("/", "//", "/\\"):
            assert found.startswith("http://belfry.test/")
