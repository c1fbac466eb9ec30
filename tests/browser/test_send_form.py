"""The form with which an administrator sends."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Person
    from tests.browser.visit import OpenPage, Visit
    from tests.runner import Belfry


def test_an_administrator_sends_to_a_person(
    belfry: Belfry, person: Person, open_page: OpenPage, visit: Visit
) -> None:
    form = admin_page(belfry, open_page).page.locator("#send")
    form.get_by_label("Recipient").fill(person.id)
    form.get_by_label("Title").fill("From the form")
    form.get_by_label("Message").fill("hello, person")
    form.get_by_label("Priority").select_option("High")
    form.get_by_label("Category").fill("greetings")
    form.get_by_label("Link").fill("/greetings")

    form.get_by_role("button", name="Send").click()

    expect(form.get_by_role("status")).to_have_text("Sent.")
    expect(form.get_by_label("Message")).to_have_value("")
    row = visit.row("hello, person")
    for part in ("From the form", "High", "greetings", "/greetings"):
        expect(row).to_contain_text(part)


def test_to_myself(belfry: Belfry, open_page: OpenPage) -> None:
    visit = admin_page(belfry, open_page)
    message = uuid4().hex
    visit.page.get_by_role("button", name="To myself").click()
    visit.page.get_by_label("Message").fill(message)

    visit.page.get_by_role("button", name="Send", exact=True).click()

    expect(visit.row(message)).to_be_visible()


def test_people_are_found_by_the_beginning_of_their_name(
    belfry: Belfry, open_page: OpenPage
) -> None:
    name = f"Zoe {uuid4().hex}"
    user = belfry.register(name, f"{uuid4().hex}@example.com", "correct horse battery")
    page = admin_page(belfry, open_page).page

    page.get_by_label("Recipient").press_sequentially(name[:20])

    option = page.locator(f"#people option[value='{user['id']}']")
    expect(option).to_have_count(1)
    assert name in str(option.evaluate("(option) => option.label"))


def test_an_error_is_said_beside_its_field(belfry: Belfry, open_page: OpenPage) -> None:
    form = admin_page(belfry, open_page).page.locator("#send")
    form.get_by_label("Recipient").fill("nobody")
    form.get_by_label("Message").fill("hello")
    form.get_by_label("Link").fill("javascript:alert(1)")

    form.get_by_role("button", name="Send").click()

    expect(form.locator("#send-link-error")).not_to_be_empty()
    expect(form.get_by_label("Link")).to_have_attribute("aria-invalid", "true")
    expect(form.get_by_label("Message")).to_have_value("hello")

    form.get_by_label("Link").fill("")
    expect(form.locator("#send-link-error")).to_be_empty()
    form.get_by_role("button", name="Send").click()

    expect(form.locator("#send-userId-error")).not_to_be_empty()
    expect(form.get_by_label("Recipient")).to_be_focused()


def test_nobody_else_sees_the_form(visit: Visit) -> None:
    expect(visit.page.get_by_text("Send a notification")).to_be_hidden()


def admin_page(belfry: Belfry, open_page: OpenPage) -> Visit:
    visit = open_page()
    visit.sign_in(belfry.admin_email, belfry.admin_password)
    visit.is_live()
    return visit


def test_a_form_whose_answer_was_lost_notifies_once(
    belfry: Belfry, person: Person, open_page: OpenPage, visit: Visit
) -> None:
    page = admin_page(belfry, open_page).page
    form = page.locator("#send")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/notifications", lose_the_answer, times=1)
    form.get_by_label("Recipient").fill(person.id)
    form.get_by_label("Message").fill("only once")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_contain_text("cannot be reached")
    form.get_by_role("button", name="Send").click()

    expect(form.get_by_role("status")).to_have_text("Sent.")
    expect(visit.row("only once")).to_have_count(1)
    form.get_by_label("Message").fill("only once")  # sent again, it is meant again
    form.get_by_role("button", name="Send").click()
    expect(visit.row("only once")).to_have_count(2)
