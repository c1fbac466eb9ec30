"""axe finds nothing wrong with the inbox, in each state that it has (WCAG 2.2 AA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.inbox_element import InboxElement, new_context, notification, open_element

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.browser.visit import OpenPage, Visit
    from tests.runner import Belfry

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ITEMS = [
    notification(
        1, category="builds", priority=5, link="https://ci.example/1", message="Words. " * 200
    ),
    notification(2, category="billing", priority=1, link="/invoices", read=True),
    notification(3, pinned=True, editedAt="2026-01-05T10:00:00.000Z"),
    notification(4, priority=4),
]


def violations(element_or_page: Any) -> list[str]:
    found = Axe().run(element_or_page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    return [
        f"{rule['id']}: {rule['help']}\n" + "\n".join(node["html"][:200] for node in rule["nodes"])
        for rule in found.response["violations"]
    ]


def show(element: InboxElement) -> None:
    """The open panel."""
    element.bell.click()
    expect(element.rows.first).to_be_visible()


def show_row(element: InboxElement) -> None:
    show(element)
    element.rows.nth(1).focus()
    element.press("e")
    expect(element.bar).to_be_visible()


def show_menu(element: InboxElement) -> None:
    show(element)
    element.press("s")
    expect(element.host.get_by_role("menu")).to_be_visible()


def show_own_time(element: InboxElement) -> None:
    show_menu(element)
    element.press("End", "Enter", "Backspace", "Enter")
    expect(element.host.locator(".menu-problem")).to_be_visible()


def show_empty(element: InboxElement) -> None:
    show(element)
    element.host.locator("[data-tab=snoozed]").click()
    expect(element.host.locator("[part=empty]")).to_be_visible()


def show_error(element: InboxElement) -> None:
    element.page.evaluate("window.client.failing = 'The server is away.'")
    element.bell.click()
    expect(element.host.locator("[part=problem]")).to_be_visible()


def show_loading(element: InboxElement) -> None:
    element.page.evaluate("window.client.held = true")
    element.bell.click()
    expect(element.host.locator(".skeleton")).to_be_visible()


def show_refused(element: InboxElement) -> None:
    show(element)
    element.page.evaluate("window.client.become({ name: 'waiting', until: Date.now() + 60000 })")
    element.page.evaluate(
        """() => window.client.dispatchEvent(
             new CustomEvent("problem", { detail: new Error("Not now.") }))"""
    )
    expect(element.bar).to_contain_text("Not now.")


STATES: list[Callable[[InboxElement], None]] = [
    show,
    show_row,
    show_menu,
    show_own_time,
    show_empty,
    show_error,
    show_loading,
    show_refused,
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(
    chromium: Browser, state: Callable[[InboxElement], None], dark: bool
) -> None:
    context = new_context(chromium, dark=dark)
    element = open_element(context, ITEMS, attributes={"theme": "dark" if dark else "light"})
    state(element)
    element.page.emulate_media(reduced_motion="reduce")
    assert violations(element.page) == []
    context.close()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("inline", [False, True], ids=["bell", "inline"])
def test_axe_finds_nothing_on_a_telephone(chromium: Browser, direction: str, inline: bool) -> None:
    context = new_context(chromium, mobile=True)
    attributes = {"inline": ""} if inline else {}
    element = open_element(context, ITEMS, direction=direction, attributes=attributes)
    if not inline:
        show(element)
    expect(element.rows.first).to_be_visible()
    assert violations(element.page) == []
    assert small_targets(element) == []
    context.close()


def small_targets(element: InboxElement) -> list[str]:
    """What is less than 24 by 24 CSS pixels (WCAG 2.2, 2.5.8)."""
    small: list[str] = element.host.evaluate(
        """(host) => [...host.shadowRoot.querySelectorAll("button, select, a[href]")]
             .filter((target) => target.checkVisibility())
             .filter((target) => {
               const { width, height } = target.getBoundingClientRect();
               return width < 24 || height < 24;
             })
             .map((target) => target.outerHTML.slice(0, 200))"""
    )
    return small


@pytest.mark.parametrize("inline", [False, True])
def test_on_a_page_that_is_always_light_so_is_the_element(chromium: Browser, inline: bool) -> None:
    context = new_context(chromium, dark=True)
    attributes = {"inline": ""} if inline else {}
    element = open_element(context, [notification(1)], scheme="light", attributes=attributes)
    seen = element.panel if inline else element.bell
    expect(seen).to_have_css("color", "rgb(28, 33, 37)")
    context.close()


def test_axe_finds_nothing_on_the_page(belfry: Belfry, open_page: OpenPage) -> None:
    visit = open_page()
    assert violations(visit.page) == []
    visit.sign_in(belfry.admin_email, belfry.admin_password)
    visit.is_live()
    assert violations(visit.page) == []
    visit.page.emulate_media(color_scheme="dark")
    assert violations(visit.page) == []


def test_the_page_is_driven_by_keyboard_alone(
    belfry: Belfry, open_page: OpenPage, person: Any
) -> None:
    belfry.send(person.id, title="First", message="read me")
    belfry.send(person.id, title="Second", message="archive me")
    visit = open_page()
    keys = visit.page.keyboard
    visit.page.get_by_label("E-mail").first.wait_for()
    keys.type(person.email)
    keys.press("Tab")
    keys.type(person.password)
    keys.press("Enter")
    visit.is_live()
    visit.has_unread(2)

    tab_to(visit, "article")
    keys.press("e")
    expect(visit.rows).to_have_count(1)
    keys.press("r")
    visit.has_unread(0)


def tab_to(visit: Visit, tag: str) -> None:
    for _ in range(30):
        visit.page.keyboard.press("Tab")
        at = visit.page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              return at.localName;
            }"""
        )
        if at == tag:
            return
    raise AssertionError(f"no {tag} is reached by Tab")
