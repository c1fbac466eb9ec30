"""Several `<belfry-inbox>` on one client, and what stays of one that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.inbox_element import InboxElement, new_context, notification, open_element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

ANOTHER = """() => {
  const other = document.createElement("belfry-inbox");
  other.setAttribute("inline", "");
  other.client = window.client;
  document.querySelector("main").append(other);
}"""


@pytest.fixture
def element(chromium: Browser) -> Iterator[InboxElement]:
    """A bell, with three notifications."""
    context = new_context(chromium)
    element = open_element(context, [notification(number) for number in (1, 2, 3)])
    yield element
    context.close()
    assert element.broken == []


def test_of_two_elements_one_speaks(element: InboxElement) -> None:
    element.page.evaluate(ANOTHER)
    expect(element.rows).to_have_count(3)
    element.page.evaluate("(item) => window.client.arrive(item)", notification(4))
    expect(element.host.get_by_role("status").filter(has_text="New: Title 4")).to_have_count(1)
    element.page.evaluate("window.client.become({ name: 'waiting', until: Date.now() + 60000 })")
    said = element.host.get_by_role("status").filter(has_text="Connection lost.")
    expect(said).to_have_count(1)
    problem = "new CustomEvent('problem', { detail: { message: 'No.' } })"
    element.page.evaluate(f"window.client.dispatchEvent({problem})")
    expect(element.host.get_by_role("alert").filter(has_text="No.")).to_have_count(1)


def test_of_two_elements_both_show_what_waits_to_be_deleted_as_gone(element: InboxElement) -> None:
    element.page.evaluate(ANOTHER)
    element.rows.first.focus()
    element.press("Delete")
    expect(element.bell.first).to_have_accessible_name("Notifications, 2 unread")
    element.shows("Title 2", "Title 1")
    element.press("z")
    expect(element.bell.first).to_have_accessible_name("Notifications, 3 unread")


def test_an_element_that_is_gone_does_nothing_any_more(element: InboxElement) -> None:
    element.page.evaluate(
        """() => {
          const { setInterval, clearInterval } = window;
          window.running = new Set();
          window.setInterval = (...given) => {
            const id = setInterval.apply(window, given);
            window.running.add(id);
            return id;
          };
          window.clearInterval = (id) => window.running.delete(id) && clearInterval(id);
        }"""
    )
    element.page.evaluate("window.client.become({ name: 'waiting', until: Date.now() + 60000 })")
    element.bell.click()
    expect(element.rows).to_have_count(3)
    element.press("Escape")
    assert element.page.evaluate("window.running.size") == 1
    element.page.evaluate("document.querySelector('belfry-inbox').remove()")
    element.page.wait_for_function("window.running.size === 0")
