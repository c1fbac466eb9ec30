"""Signing up, in and out, and what happens when a session ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Person
    from tests.browser.visit import OpenPage, Visit
    from tests.runner import Belfry


def test_a_wrong_password_shows_the_message(open_page: OpenPage, person: Person) -> None:
    visit = open_page()

    visit.sign_in(person.email, "wrong horse battery")

    alert = visit.page.locator("#sign-in").get_by_role("alert")
    expect(alert).to_have_text("The e-mail address or the password is wrong.")
    expect(visit.page.get_by_label("E-mail").first).to_have_value(person.email)


def test_signing_up_leads_into_the_inbox(open_page: OpenPage) -> None:
    visit = open_page()
    visit.page.get_by_role("link", name="Create an account").click()
    form = visit.page.locator("#sign-up")
    form.get_by_label("Name").fill("Grace")
    form.get_by_label("E-mail").fill(f"{uuid4().hex}@example.com")

    form.get_by_label("Password").fill("short")
    form.get_by_role("button", name="Create account").click()
    expect(form.locator("#sign-up-password-error")).not_to_be_empty()
    expect(form.get_by_label("Password")).to_have_attribute("aria-invalid", "true")

    form.get_by_label("Password").fill("correct horse battery")
    form.get_by_role("button", name="Create account").click()
    visit.is_live()
    expect(visit.page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(visit.page.get_by_text("Grace")).to_be_visible()


def test_an_address_that_is_taken_is_said_beside_it(open_page: OpenPage, person: Person) -> None:
    visit = open_page()
    visit.page.get_by_role("link", name="Create an account").click()
    form = visit.page.locator("#sign-up")
    form.get_by_label("Name").fill("Ada")
    form.get_by_label("E-mail").fill(person.email)
    form.get_by_label("Password").fill("correct horse battery")

    form.get_by_role("button", name="Create account").click()

    expect(form.locator("#sign-up-email-error")).to_contain_text("already")


def test_a_reload_keeps_the_state(belfry: Belfry, person: Person, visit: Visit) -> None:
    belfry.send(person.id, message="still here")
    visit.tab("Unread").click()
    expect(visit.row("still here")).to_be_visible()

    visit.page.reload()

    expect(visit.row("still here")).to_be_visible()
    visit.has_unread(1)
    expect(visit.tab("Unread")).to_have_attribute("aria-pressed", "true")
    visit.is_live()


def test_signing_out_shows_nothing_of_the_inbox(
    belfry: Belfry, person: Person, visit: Visit
) -> None:
    belfry.send(person.id, message="private")
    expect(visit.row("private")).to_be_visible()

    visit.page.get_by_role("button", name="Sign out").click()

    expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(visit.page.get_by_text("private")).to_have_count(0)
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_ended_session_asks_to_sign_in_and_keeps_what_was_typed(
    belfry: Belfry, open_page: OpenPage
) -> None:
    visit = open_page()
    visit.sign_in(belfry.admin_email, belfry.admin_password)
    visit.is_live()
    visit.page.get_by_label("Message").fill("half written")
    visit.page.route(
        "**/api/notifications",
        lambda route: route.fulfill(status=401, body='{"message": "Unauthorized"}'),
        times=1,
    )

    visit.page.get_by_role("button", name="Send", exact=True).click()

    expect(visit.page.locator("#account")).to_contain_text("Your session has ended.")
    expect(visit.page.locator("#sign-in").get_by_label("E-mail")).to_have_value(belfry.admin_email)
    visit.sign_in(belfry.admin_email, belfry.admin_password)
    visit.is_live()
    expect(visit.page.get_by_label("Message")).to_have_value("half written")


def test_a_server_that_is_down_does_not_sign_out(
    belfry: Belfry, person: Person, visit: Visit
) -> None:
    belfry.send(person.id, message="kept in sight")
    expect(visit.row("kept in sight")).to_be_visible()

    belfry.stop()

    visit.has_lost_the_server()
    expect(visit.row("kept in sight")).to_be_visible()
    # Pressed while nobody is there: once the server is back, the page might be quicker.
    visit.page.get_by_role("button", name="Try now").click()
    visit.has_lost_the_server()
    belfry.start()
    visit.is_live()
