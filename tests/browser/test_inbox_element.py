"""`<belfry-inbox>` by keyboard, by mouse, with many notifications and with hostile ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.inbox_element import InboxElement, new_context, notification, open_element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    Opened = Callable[..., InboxElement]

INLINE = {"inline": ""}
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>&amp;'
CONTROL = "bell \x07 escape \x1b[31m null \x00 delete \x7f next \x85 exe.\u202egpj"
CONTROL_SHOWN = "bell \u2407 escape \u241b[31m null \u2400 delete \u2421 next \ufffd exe.\ufffdgpj"


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """Opens an element; in the end none may have been broken."""
    elements: list[InboxElement] = []

    def opens(items: list[dict[str, Any]], *, mobile: bool = False, **how: Any) -> InboxElement:
        element = open_element(new_context(chromium, mobile=mobile), items, **how)
        elements.append(element)
        return element

    yield opens
    for element in elements:
        element.page.context.close()
    assert [said for element in elements for said in element.broken] == []


def three() -> list[dict[str, Any]]:
    return [notification(number) for number in (1, 2, 3)]


# ── the bell ──


def test_the_bell_opens_by_key_and_escape_gives_the_focus_back(opened: Opened) -> None:
    element = opened(three())
    expect(element.bell).to_have_attribute("aria-expanded", "false")

    element.press("Tab", "Enter")
    element.has_focus_on("Title 3")
    expect(element.bell).to_have_attribute("aria-expanded", "true")
    expect(element.panel).to_be_visible()

    element.press("Escape")
    expect(element.panel).to_be_hidden()
    expect(element.bell).to_have_attribute("aria-expanded", "false")
    element.has_focus_on("Notifications, 3 unread")


def test_a_header_around_the_bell_does_not_dress_the_panel(opened: Opened) -> None:
    element = opened(three())
    element.page.evaluate(
        """() => { document.body.style.cssText = "text-align: end; text-transform: uppercase; "
          + "white-space: nowrap; letter-spacing: 3px; text-indent: 9px"; }"""
    )
    element.bell.click()
    text = element.rows.first.locator(".message")
    expected = {"text-transform": "none", "letter-spacing": "normal", "text-indent": "0px"}
    for name, value in expected.items():
        expect(text).to_have_css(name, value)
    expect(element.panel).to_have_css("text-align", "start")
    expect(element.panel).to_have_css("text-wrap-mode", "wrap")


def test_the_actions_of_one_row_are_in_sight(opened: Opened) -> None:
    element = opened(three())
    element.bell.click()
    element.has_focus_on("Title 3")
    actions = element.rows.locator(".actions")
    expect(actions.nth(0)).to_have_css("opacity", "0")
    element.rows.nth(1).hover()
    expect(actions.nth(1)).to_have_css("opacity", "1")
    element.page.mouse.move(5, 5)
    element.press("ArrowDown", "Tab")
    expect(actions.nth(1)).to_have_css("opacity", "1")
    expect(actions.nth(0)).to_have_css("opacity", "0")


def test_the_badge_says_the_number_up_to_99(opened: Opened) -> None:
    element = opened([notification(number) for number in range(120)])
    expect(element.host.locator("[part=badge]")).to_have_text("99+")
    expect(element.bell).to_have_accessible_name("Notifications, 120 unread")

    element.page.evaluate("window.client.change('read', { filter: {} })")
    expect(element.host.locator("[part=badge]")).to_be_hidden()
    expect(element.bell).to_have_accessible_name("Notifications, 0 unread")


def test_a_closed_panel_holds_no_list(opened: Opened) -> None:
    element = opened(three())
    assert element.page.evaluate("window.client.lists.size") == 0
    element.bell.click()
    expect(element.rows).to_have_count(3)
    assert element.page.evaluate("window.client.lists.size") == 1
    element.press("Escape")
    expect(element.rows).to_have_count(0)
    assert element.page.evaluate("window.client.lists.size") == 0


# ── the keyboard ──


def test_arrow_keys_go_from_row_to_row(opened: Opened) -> None:
    element = opened([notification(number) for number in range(40)], attributes=INLINE)
    element.rows.first.focus()
    for key, title in (
        ("ArrowDown", "Title 38"),
        ("ArrowUp", "Title 39"),
        ("ArrowUp", "Title 39"),
        ("End", "Title 10"),  # of what is loaded, which brings more
        ("Home", "Title 39"),
    ):
        element.press(key)
        element.has_focus_on(title)
    element.press("PageDown")
    assert element.focused() not in ("Title 39", "Title 38")
    element.press("PageUp")
    element.has_focus_on("Title 39")


def test_tab_goes_into_the_current_row_only(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.first.focus()
    element.press("ArrowDown")
    names = []
    for _ in range(6):
        element.press("Tab")
        names.append(element.focused())
    assert names[:5] == ["Mark as read", "Pin to the top", "Snooze", "Archive", "Delete"]
    assert names[5] not in ("Mark as read", "Title 1")


@pytest.mark.parametrize(
    ("key", "change"), [("r", "read"), ("p", "pin"), ("e", "archive")], ids=["r", "p", "e"]
)
def test_a_key_does_what_its_button_does(opened: Opened, key: str, change: str) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.nth(1).focus()
    button = element.rows.nth(1).locator(f"[aria-keyshortcuts={key}]")
    expect(button).to_have_attribute("title", re.compile(rf"\({key}\)$"))

    element.press(key)

    assert element.asked() == [[change, ["id-00002"]]]


def test_archiving_goes_on_at_the_next_row_and_can_be_undone(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.nth(1).focus()

    element.press("e")
    element.shows("Title 3", "Title 1")
    element.has_focus_on("Title 1")
    expect(element.bar).to_contain_text("Archived.")

    element.press("z")
    element.shows("Title 3", "Title 2", "Title 1")
    assert element.asked() == [["archive", ["id-00002"]], ["unarchive", ["id-00002"]]]


def test_deleting_waits_until_nobody_wants_it_back(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.nth(0).focus()

    element.press("Delete")
    element.shows("Title 2", "Title 1")
    expect(element.host.locator("[data-tab=unread]")).to_have_text("Unread2")
    assert element.asked() == []
    element.bar.get_by_role("button", name="Undo").press("Enter")
    element.shows("Title 3", "Title 2", "Title 1")

    element.press("Home", "Delete")
    element.press("Delete")  # what is offered next ends what was offered before
    assert element.asked() == [["delete", ["id-00003"]]]
    element.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert element.asked() == [["delete", ["id-00003"]], ["delete", ["id-00002"]]]


def test_what_nobody_undoes_is_deleted_after_a_while(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.page.clock.install()
    element.rows.first.focus()
    element.press("Delete")
    element.page.clock.run_for(9_000)
    assert element.asked() == [["delete", ["id-00003"]]]
    expect(element.bar).to_be_hidden()


def test_snoozing_by_keys(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.first.focus()

    element.press("s")
    element.has_focus_on(str(element.host.get_by_role("menuitem").first.text_content()))
    element.press("Escape")
    element.has_focus_on("Snooze")
    expect(element.host.get_by_role("menu")).to_have_count(0)

    element.press("s", "End", "ArrowDown", "ArrowDown", "Enter")
    element.shows("Title 2", "Title 1")
    assert element.asked() == [["snooze", ["id-00003"]]]
    expect(element.bar).to_contain_text("Snoozed until")
    element.has_focus_on("Title 2")

    element.host.locator("[data-tab=snoozed]").press("Enter")
    element.shows("Title 3")
    expect(element.rows.first.locator(".until")).to_contain_text("Until")
    element.rows.first.focus()
    element.press("u")
    expect(element.host.get_by_role("heading", name="Nothing snoozed")).to_be_visible()


def test_a_time_of_ones_own_has_to_be_in_the_future(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.rows.first.focus()
    element.press("s", "End", "Enter")
    dialog = element.host.get_by_role("dialog", name="Snooze until")
    field = dialog.get_by_label("Snooze until")

    field.fill("2020-01-01T09:00")
    field.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Choose a time from now on, within a year.")
    assert element.asked() == []

    now = element.page.evaluate("Date.now() + 86400000")
    text = (
        "(at) => new Date(at - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16)"
    )
    field.fill(element.page.evaluate(text, now))
    field.press("Enter")
    assert element.asked() == [["snooze", ["id-00003"]]]


def test_all_that_is_listed_is_read_or_archived(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.host.get_by_role("button", name="Mark all as read").press("Enter")
    expect(element.bar).to_contain_text("3 marked as read")

    element.host.get_by_role("button", name="Archive all").press("Enter")
    element.has_focus_on("Archive all")  # of the question
    element.press("Enter")
    expect(element.bar).to_contain_text("3 archived")
    assert element.asked() == [["read", {}], ["archive", {}]]


def test_enter_opens_the_link_and_the_page_may_do_it_itself(opened: Opened) -> None:
    element = opened([notification(1, link="/builds/42")], attributes=INLINE)
    element.page.evaluate(
        """document.addEventListener("open-notification", (event) => {
             event.preventDefault();
             window.opened = event.detail.notification.link;
           })"""
    )
    element.rows.first.focus()
    element.press("Enter")
    assert element.page.evaluate("window.opened") == "/builds/42"
    assert element.page.url == "http://belfry.test/"
    assert element.asked() == [["read", ["id-00001"]]]


# ── what is shown ──


def test_categories_and_priorities_narrow_the_list(opened: Opened) -> None:
    items = [
        notification(1, category="builds", priority=5),
        notification(2, category="<b>billing</b>"),
        notification(3),
    ]
    element = opened(items, attributes=INLINE)
    element.host.get_by_label("Category").select_option("<b>billing</b>")
    element.shows("Title 2")
    element.host.get_by_label("Priority").select_option("Urgent")
    expect(element.host.get_by_role("heading", name="Nothing of this kind")).to_be_visible()
    element.host.get_by_role("button", name="Show all of them").click()
    element.shows("Title 3", "Title 2", "Title 1")


def test_hostile_text_is_shown_as_text(opened: Opened) -> None:
    hostile = notification(
        1, title=HOSTILE, message=CONTROL, category=HOSTILE, link="javascript:alert(3)"
    )
    element = opened([hostile], attributes=INLINE)
    row = element.rows.first
    expect(row.locator(".title")).to_have_text(HOSTILE)
    expect(row.locator(".category")).to_have_text(HOSTILE)
    assert row.locator(".message").text_content() == CONTROL_SHOWN
    expect(row.locator("img, script, a[href]")).to_have_count(0)
    element.page.evaluate("(item) => window.client.arrive(item)", hostile | {"id": "id-00009"})
    expect(element.host.get_by_role("status")).to_have_text(f"New: {HOSTILE}")


@pytest.mark.parametrize("link", ["//evil.example", "/\\evil.example", "data:text/html,x", "x"])
def test_only_safe_links_can_be_followed(opened: Opened, link: str) -> None:
    element = opened([notification(1, link=link)], attributes=INLINE)
    expect(element.rows.first).to_be_visible()
    expect(element.rows.first.locator("a[href]")).to_have_count(0)


def test_arrivals_are_said_and_touch_nothing_else(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    expect(element.rows).to_have_count(3)
    before = element.rows.first.element_handle()
    element.rows.first.focus()

    element.page.evaluate("(item) => window.client.arrive(item)", notification(4))

    element.shows("Title 4", "Title 3", "Title 2", "Title 1")
    expect(element.host.get_by_role("status")).to_have_text("New: Title 4")
    element.has_focus_on("Title 3")
    assert before.evaluate("(row) => row.isConnected")


def test_a_question_is_named_and_gives_the_focus_back(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    ask = element.host.get_by_role("button", name="Archive all")
    question = element.host.get_by_role("group", name="Archive everything that is listed here?")
    ask.press("Enter")
    expect(question).to_be_visible()
    element.press("Escape")
    expect(question).to_be_hidden()
    element.has_focus_on("Archive all")
    assert element.asked() == []


def test_loading_failing_and_trying_again(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE, failing="The server is away.")
    alert = element.host.locator("[part=problem]")
    expect(alert).to_contain_text("The server is away.")
    element.page.evaluate("window.client.failing = ''")
    alert.get_by_role("button", name="Try again").press("Enter")
    element.shows("Title 3", "Title 2", "Title 1")
    expect(alert).to_be_hidden()


def test_a_lost_connection_is_said_and_can_be_hurried(opened: Opened) -> None:
    element = opened(three(), attributes=INLINE)
    element.page.evaluate("window.client.become({ name: 'waiting', until: Date.now() + 60000 })")
    state = element.host.locator("[part=connection]")
    expect(state).to_contain_text("Reconnecting in")
    expect(element.host.get_by_role("status")).to_contain_text("Connection lost.")
    state.get_by_role("button", name="Try now").press("Enter")
    expect(state.locator(".state-word")).to_have_text("Live")


# ── languages ──


def test_strings_numbers_and_times_are_of_the_language(opened: Opened) -> None:
    strings = {"title": "Mitteilungen", "bell": {"one": "{count} neue", "other": "{count} neue"}}
    element = opened([notification(1)], lang="de", strings=strings)
    expect(element.bell).to_have_accessible_name("1 neue")
    element.bell.click()
    expect(element.host.get_by_role("heading", name="Mitteilungen")).to_be_visible()
    expect(element.rows.first.locator("time")).to_contain_text(re.compile(r"2026|vor"))


@pytest.mark.parametrize("mobile", [False, True], ids=["wide", "mobile"])
def test_right_to_left_stays_within_the_window(opened: Opened, mobile: bool) -> None:
    wide = notification(1, title="T" * 200, message="W" * 800, link="/" + "p" * 500)
    element = opened([wide, notification(2)], direction="rtl", lang="ar", mobile=mobile)
    element.bell.click()
    expect(element.rows).to_have_count(2)
    box = element.panel.bounding_box()
    width = element.page.evaluate("innerWidth")
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    dot, body = element.rows.first.locator(".dot"), element.rows.first.locator(".body")
    assert dot.evaluate("(dot) => dot.getBoundingClientRect().left") > body.evaluate(
        "(body) => body.getBoundingClientRect().left"
    )
    assert element.rows.first.evaluate("(row) => row.scrollWidth <= row.clientWidth")


# ── many ──


def test_two_thousand_notifications_scroll_with_a_bounded_page(opened: Opened) -> None:
    element = opened([notification(number) for number in range(2000)], attributes=INLINE)
    expect(element.rows.first).to_be_visible()
    result = element.page.evaluate(
        """async () => {
          const root = document.querySelector("belfry-inbox").shadowRoot;
          const frame = () => new Promise(requestAnimationFrame);
          const full = () => root.querySelectorAll(".item > .body").length;
          const deadline = Date.now() + 50000;
          let most = 0;
          let rows = 0;
          while (rows < 2000 && Date.now() < deadline) {
            scrollTo(0, document.documentElement.scrollHeight);
            await frame();
            rows = root.querySelectorAll(".item").length;
            most = Math.max(most, full());
          }
          return { rows, most, elements: root.querySelectorAll("*").length };
        }"""
    )
    assert result["rows"] == 2000
    assert result["most"] < 100  # rows with content: those near the window
    assert result["elements"] < 2000 + 100 * 50


def test_a_change_of_one_among_many_touches_one(opened: Opened) -> None:
    element = opened([notification(number) for number in range(90)], attributes=INLINE)
    expect(element.rows.first).to_be_visible()
    element.rows.first.focus()
    for _ in range(3):
        element.press("End")
    element.press("Home")
    touched = element.page.evaluate(
        """async () => {
          const root = document.querySelector("belfry-inbox").shadowRoot;
          const rows = new Set();
          const seen = (records) => {
            for (const { target } of records) {
              const element = target.nodeType === 1 ? target : target.parentElement;
              const row = element?.closest(".item");
              if (row) rows.add(row.dataset.id);
            }
          };
          await new Promise((resolve) => setTimeout(resolve, 300));
          const observer = new MutationObserver(seen);
          const all = { childList: true, attributes: true, characterData: true };
          observer.observe(root, { subtree: true, ...all });
          window.client.read("id-00085");
          seen(observer.takeRecords());
          return [...rows];
        }"""
    )
    assert touched == ["id-00085"]
