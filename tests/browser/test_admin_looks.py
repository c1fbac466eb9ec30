"""How the console looks: nothing for axe to find, nothing too wide, and text that stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser import admin_answers
from tests.browser.admin_answers import HOSTILE, broadcast, full, letter, notification, page
from tests.browser.admin_page import VIEWS, Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from tests.browser.admin_answers import Answers

WIDE_AND_LIGHT = {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}}
NARROW_AND_DARK = {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}}
LOOKS = pytest.mark.parametrize(
    "look", [WIDE_AND_LIGHT, NARROW_AND_DARK], ids=["wide and light", "narrow and dark"]
)
LONGEST_WAIT_MILLISECONDS = 15_000
GATEWAY_ANSWER = (503, {"message": "Service Unavailable"})
FIRST_LETTER = letter(0, "", "")["id"]
SHOWN = {
    "send": ("heading", "Preview"),
    "scheduled": ("heading", "Maintenance"),
    "broadcasts": ("progressbar", "Progress of Closing early"),
    "trace": ("list", "Steps"),
    "dead-letters": ("button", "Load more"),
    "online": ("list", "People online"),
    "charts": ("img", "Latency, from the call until it was pushed, from"),
}
WAYS = {"trace": f"trace/{notification(1, '')['id']}"}


@pytest.fixture
def console(chromium: Browser) -> Iterator[Callable[..., Console]]:
    opened: list[Console] = []

    def opens(answers: Answers | None = None, **options: Any) -> Console:
        opened.append(Console(chromium, answers or full(), **options))
        return opened[-1]

    yield opens
    for each in opened:
        each.context.close()
    assert [problem for each in opened for problem in each.broken] == []


@LOOKS
def test_each_view_is_accessible_and_fits(
    console: Callable[..., Console], look: dict[str, Any]
) -> None:
    shown = console(**look).open()
    for view in VIEWS:
        goes(shown, WAYS.get(view, view))
        role, name = SHOWN[view]
        expect(shown.page.get_by_role(role, name=name).first).to_be_visible()  # type: ignore[arg-type]
        for summary in shown.page.locator("summary:visible").all():
            summary.click()
        assert (view, shown.violations()) == (view, "")
        assert (view, too_wide(shown)) == (view, 0)
        shown.page.evaluate("document.documentElement.dir = 'rtl'")
        assert (view, too_wide(shown)) == (view, 0)
        shown.page.evaluate("document.documentElement.dir = ''")


@LOOKS
def test_people_to_choose_from_are_accessible(
    console: Callable[..., Console], look: dict[str, Any]
) -> None:
    shown = console(**look).open()
    shown.page.get_by_role("button", name="Add myself").click()
    shown.page.get_by_role("combobox", name="Recipients").press_sequentially("a")
    people = shown.page.get_by_role("listbox", name="People found")
    expect(people.get_by_role("option")).to_have_count(3)

    assert shown.violations() == ""
    assert too_wide(shown) == 0


@LOOKS
def test_one_dead_letter_is_accessible(
    console: Callable[..., Console], look: dict[str, Any]
) -> None:
    shown = console(**look).open(f"dead-letters/{FIRST_LETTER}")
    expect(shown.page.get_by_text("x-source")).to_be_visible()

    assert shown.violations() == ""
    assert too_wide(shown) == 0


@LOOKS
def test_a_question_is_accessible(console: Callable[..., Console], look: dict[str, Any]) -> None:
    shown = console(**look).open("broadcasts")
    shown.page.get_by_role("button", name="Withdraw Closing early").click()
    expect(shown.page.get_by_role("dialog", name="Withdraw it?")).to_be_visible()

    assert shown.violations() == ""


@LOOKS
def test_signing_in_is_accessible(console: Callable[..., Console], look: dict[str, Any]) -> None:
    shown = console(user=None, **look).open()
    expect(shown.page.get_by_role("heading", name="Sign in")).to_be_visible()

    assert shown.violations() == ""
    assert too_wide(shown) == 0


@LOOKS
def test_a_plain_person_is_told_so(console: Callable[..., Console], look: dict[str, Any]) -> None:
    answers = full()
    shown = console(answers, user=admin_answers.PEOPLE[0], **look).open("charts")

    expect(shown.page.get_by_role("heading", name="For administrators only")).to_be_visible()
    expect(shown.page.get_by_role("navigation")).to_be_hidden()
    assert answers.calls == []
    assert shown.violations() == ""


@LOOKS
def test_what_is_broken_or_empty_is_accessible_too(
    console: Callable[..., Console], look: dict[str, Any]
) -> None:
    answers = full()
    lists = ["scheduled", "broadcasts", "dead-letters", "online"]
    broken = {f"GET /api/{name}": GATEWAY_ANSWER for name in [*lists, "statistics"]}
    nobody = page() | {"people": 0, "connections": 0}
    empty = {f"GET /api/{name}": (200, nobody) for name in lists}
    nothing = admin_answers.statistics(buckets=[], queues=[])
    shown = console(answers, **look)
    shown.page.clock.install()
    shown.open()
    for view in [*lists, "charts"]:
        answers.table |= broken
        goes(shown, view)
        section = shown.page.locator(f"#view-{view}")
        alert = section.get_by_role("alert").filter(has_text="not available for the moment").first
        expect(alert).to_be_visible()
        assert (view, shown.violations()) == (view, "")

        answers.table |= empty | {"GET /api/statistics": (200, nothing)}
        # Most come by themselves; here nothing asks again but the person.
        if view == "dead-letters":
            alert.get_by_role("button", name="Try again").click()
        else:
            shown.page.clock.fast_forward(LONGEST_WAIT_MILLISECONDS)
        expect(alert).to_be_hidden()
        assert (view, shown.violations()) == (view, "")


def test_what_others_wrote_is_shown_as_text(console: Callable[..., Console]) -> None:
    answers = full()
    hostile = {"title": HOSTILE, "category": HOSTILE, "link": "javascript:alert(1)"}
    soon = {"deliverAt": admin_answers.at(hours=-1)}
    person = admin_answers.user(9, HOSTILE) | {"email": HOSTILE}
    answers.table |= {
        "GET /api/scheduled": (200, page(notification(1, HOSTILE, **hostile, **soon))),
        "GET /api/broadcasts": (200, page(broadcast(1, HOSTILE, HOSTILE, **hostile))),
        "GET /api/dead-letters": (200, page(letter(1, HOSTILE, HOSTILE, queue=HOSTILE))),
        f"GET /api/dead-letters/{FIRST_LETTER}": (200, whole_hostile_letter()),
        "GET /api/online": (200, online(person)),
        "GET /api/users": (200, page(person)),
        f"GET /api/{WAYS['trace'].replace('trace', 'notifications')}/trace": (200, hostile_trace()),
        "GET /api/statistics": (200, admin_answers.statistics(queues=[queue()])),
    }
    shown = console(answers).open()
    shown.page.get_by_role("combobox", name="Recipients").press_sequentially("<")
    shown.page.get_by_role("listbox").get_by_role("option").click()
    shown.page.get_by_role("textbox", name="Message").fill(HOSTILE)
    ways = ["send", "scheduled", "broadcasts", WAYS["trace"], "dead-letters", "online", "charts"]
    for view in [*ways, f"dead-letters/{FIRST_LETTER}"]:
        goes(shown, view)
        seen = shown.page.locator("main section:visible")
        text = seen.get_by_text('<img src=x onerror="alert(1)"><b>bold</b>')
        expect(text.filter(visible=True).first).to_be_visible()
        expect(
            seen.locator("img:not([src^='/web/']), b:text('bold'), [href^='java']")
        ).to_have_count(0)
        assert "\x07" not in seen.inner_text()


def goes(shown: Console, view: str) -> None:
    shown.page.evaluate("(view) => { location.hash = view; }", view)


def too_wide(shown: Console) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = shown.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, width)


def whole_hostile_letter() -> dict[str, Any]:
    more = {"headers": {HOSTILE: HOSTILE}, "body": HOSTILE, "bodyEncoding": "utf-8"}
    return letter(0, HOSTILE, HOSTILE) | more | {"bodyIsCut": True, "queue": HOSTILE}


def hostile_trace() -> dict[str, Any]:
    step = admin_answers.attempt(1, admin_answers.at(), failed=1, error=HOSTILE)
    unknown = {"step": HOSTILE, "at": admin_answers.at()}
    return admin_answers.trace(where=HOSTILE, state=HOSTILE, steps=[step, unknown])


def online(person: dict[str, Any]) -> dict[str, Any]:
    connection = {"id": HOSTILE, "connectedAt": admin_answers.at(minutes=1)}
    totals = {"people": 1, "connections": 1}
    return page({"user": person, "connections": [connection]}) | totals


def queue() -> dict[str, Any]:
    return {"name": HOSTILE, "waiting": 1}
