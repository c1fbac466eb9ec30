"""What one person sees and does in the inbox."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.visit import is_read, is_unread

if TYPE_CHECKING:
    from playwright.sync_api import Response, Route

    from tests.browser.conftest import Person
    from tests.browser.visit import OpenPage, Visit
    from tests.runner import Belfry

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script><b>bold</b>'


def test_what_was_received_is_shown_as_text(belfry: Belfry, person: Person, visit: Visit) -> None:
    belfry.send(person.id, title=HOSTILE, message=HOSTILE, category="<i>category</i>")

    row = visit.rows.first
    expect(row.locator(".title")).to_have_text(HOSTILE)
    expect(row.locator(".message")).to_have_text(HOSTILE)
    expect(row.locator(".category")).to_have_text("<i>category</i>")
    expect(row.locator("img, script, b, i")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1280])
def test_control_characters_and_long_words_stay_in_their_place(
    belfry: Belfry, person: Person, open_page: OpenPage, width: int
) -> None:
    belfry.send(
        person.id,
        title="T" * 200,
        message="bell \x07 escape \x1b[31m right to left \u202e " + "W" * 3000,
        category="C" * 64,
        link="https://example.com/" + "p" * 500,
    )
    visit = open_page(width=width)
    visit.sign_in(person.email, person.password)

    row = visit.rows.first
    expect(row).to_contain_text("bell \u2407 escape \u241b[31m right to left \ufffd ")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert row.evaluate("(row) => row.scrollWidth") <= width
    row.get_by_role("button", name="Show all").click()
    expect(row.get_by_role("button", name="Show less")).to_be_visible()
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_link_leads_to_its_address(belfry: Belfry, person: Person, visit: Visit) -> None:
    belfry.send(person.id, message="with a link", link="https://ci.example.com/builds/42")
    belfry.send(person.id, message="with a path", link="/builds/42")

    outside = visit.row("with a link").get_by_role("link")
    expect(outside).to_have_attribute("href", "https://ci.example.com/builds/42")
    expect(outside).to_have_attribute("rel", "noopener noreferrer")
    path = visit.row("with a path").get_by_role("link")
    expect(path).to_have_attribute("href", f"{belfry.url}/builds/42")


@pytest.mark.parametrize("status", [422, 503])
def test_a_change_that_the_server_refuses_is_taken_back(
    belfry: Belfry, person: Person, visit: Visit, status: int
) -> None:
    belfry.send(person.id, title="Unchanged", message="stays unread")
    visit.has_unread(1)
    visit.page.clock.install()  # a 503 is tried again, with pauses that nobody wants to wait for
    held: list[Route] = []
    shown = False

    def answer(route: Route) -> None:
        if shown:
            body = '{"detail": "Not now."}'
            route.fulfill(status=status, content_type="application/json", body=body)
        else:
            held.append(route)

    visit.page.route("**/api/inbox/changes", answer)

    visit.row("stays unread").click()
    is_read(visit.row("stays unread"))
    visit.has_unread(0)

    shown = True
    answer(held[0])
    notice = visit.inbox.locator("[part=notice]")
    deadline = time.monotonic() + 15
    while not notice.is_visible() and time.monotonic() < deadline:
        visit.page.clock.run_for(1_000)
    expect(notice).to_contain_text("Not now.")
    expect(visit.inbox.get_by_role("alert")).to_have_text("Not now.")
    is_unread(visit.row("stays unread"))
    visit.has_unread(1)


def test_further_pages_come_by_scrolling(belfry: Belfry, person: Person, visit: Visit) -> None:
    expect(visit.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    for number in range(32):
        belfry.send(person.id, message=f"number {number:02}")
    visit.page.reload()
    expect(visit.rows.first).to_contain_text("number 31")

    visit.rows.last.scroll_into_view_if_needed()

    expect(visit.rows).to_have_count(32)
    visit.row("number 05").get_by_role("button", name="Mark as read").click()
    is_read(visit.row("number 05"))
    visit.tab("Unread").click()
    expect(visit.row("number 05")).to_have_count(0)
    visit.has_unread(31)


def test_what_is_done_on_one_page_is_there_after_a_reload(
    belfry: Belfry, person: Person, visit: Visit
) -> None:
    for name in ("archive me", "delete me", "snooze me", "pin me", "leave me"):
        belfry.send(person.id, message=name)
    expect(visit.rows).to_have_count(5)

    visit.row("archive me").get_by_role("button", name="Archive").click()
    visit.row("delete me").get_by_role("button", name="Delete").click()
    visit.row("snooze me").get_by_role("button", name="Snooze").click()
    visit.page.get_by_role("menuitem", name="Tomorrow").click()
    with visit.page.expect_response(is_pinned):  # the last of them, one after the other
        visit.row("pin me").get_by_role("button", name="Pin to the top").click()
    expect(visit.rows).to_have_count(2)
    visit.has_unread(2)
    visit.page.reload()

    expect(visit.rows).to_have_count(2)
    expect(visit.rows.first).to_contain_text("pin me")
    visit.tab("Archived").click()
    expect(visit.rows).to_have_count(1)
    expect(visit.rows).to_contain_text("archive me")
    visit.tab("Snoozed").click()
    expect(visit.rows).to_have_count(1)
    expect(visit.rows).to_contain_text("snooze me")


def is_pinned(response: Response) -> bool:
    return response.url.endswith("/changes") and '"pin"' in (response.request.post_data or "")


def test_a_list_that_cannot_be_loaded_says_so_and_comes_by_itself(
    belfry: Belfry, person: Person, visit: Visit
) -> None:
    belfry.send(person.id, message="here in the end")
    expect(visit.row("here in the end")).to_be_visible()
    gateway_answer = '{"message": "Service Unavailable"}'
    address = "**/api/notifications?*"
    visit.page.route(address, lambda route: route.fulfill(status=503, body=gateway_answer))
    visit.page.reload()
    alert = visit.inbox.locator("[part=problem]")
    expect(alert).to_contain_text("The server is not available for the moment.")

    visit.page.unroute(address)

    expect(visit.row("here in the end")).to_be_visible()
    expect(alert).to_be_hidden()
