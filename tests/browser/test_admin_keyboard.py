"""The whole console by the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.admin_answers import PEOPLE, Call, full, letter, notification
from tests.browser.admin_page import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture
def console(chromium: Browser) -> Iterator[Console]:
    console = Console(chromium, full(), user=None).open()
    yield console
    console.context.close()
    assert console.broken == []


def test_every_view_can_be_worked_with(console: Console) -> None:
    signs_in(console)
    sends(console)
    withdraws(console, "Scheduled", "Withdraw Maintenance", "POST /api/notifications/{}/withdraw")
    withdraws(console, "Broadcasts", "Withdraw 2.4 is out.", "POST /api/broadcasts/{}/withdraw")
    traces(console)
    replaces(console)
    looks_at_a_dead_letter(console)
    redrives_all(console)
    goes(console, "Online")
    expect(console.page.get_by_text("Grace Hopper")).to_be_visible()
    reads_a_chart(console)


def goes(console: Console, view: str) -> None:
    """To another view, whose heading has the focus then."""
    console.tabs_to(console.page.get_by_role("link", name=view, exact=True).first, back=True)
    console.presses("Enter")
    expect(console.page.get_by_role("heading", name=view, level=1)).to_be_focused()
    link = console.page.get_by_role("navigation").get_by_role("link", name=view, exact=True)
    expect(link).to_have_attribute("aria-current", "page")


def signs_in(console: Console) -> None:
    expect(console.page.get_by_label("E-mail")).to_be_focused()
    console.page.keyboard.type("admin@example.com")
    console.presses("Tab")
    console.page.keyboard.type("correct horse battery")
    console.presses("Enter")
    expect(console.page.get_by_role("heading", name="Send", level=1)).to_be_focused()


def sends(console: Console) -> None:
    page = console.page
    people = page.get_by_role("combobox", name="Recipients")
    console.tabs_to(people)
    page.keyboard.type("a")
    options = page.get_by_role("listbox", name="People found").get_by_role("option")
    expect(options).to_have_count(3)
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    console.presses("ArrowDown", "ArrowUp", "ArrowUp")  # round to the last one
    active = people.get_attribute("aria-activedescendant")
    expect(options.nth(2)).to_have_attribute("id", str(active))
    console.presses("Escape")
    expect(people).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("l")
    expect(options).to_have_count(1)
    console.presses("Enter")
    expect(page.get_by_role("button", name="Remove Alan Turing")).to_be_visible()
    console.tabs_to(page.get_by_role("textbox", name="Message"))
    page.keyboard.type("by keyboard")
    console.tabs_to(page.get_by_role("button", name="Send", exact=True))
    console.presses("Enter")
    expect(page.locator("#sent")).to_contain_text("Sent to Alan Turing.")
    (call,) = console.answers.of("POST", "/api/notifications")
    assert call.body["userId"] == PEOPLE[1]["id"]


def withdraws(console: Console, view: str, button: str, address: str) -> None:
    gone: list[str] = []

    def withdraw(call: Call) -> tuple[int, None]:
        gone.append(call.path)
        return 204, None

    goes(console, view)
    lists = {"Scheduled": "scheduled", "Broadcasts": "broadcasts"}
    answer = console.answers.table[f"GET /api/{lists[view]}"]
    assert isinstance(answer, tuple)
    for item in answer[1]["items"]:
        console.answers.table[address.format(item["id"])] = withdraw
    wanted = console.page.get_by_role("button", name=button)
    expect(wanted).to_be_visible()
    console.tabs_to(wanted)
    console.presses("Enter", "Escape")  # asked, and thought better of it
    expect(wanted).to_be_focused()
    assert gone == []
    console.presses("Enter")
    expect(console.page.get_by_role("dialog")).to_be_visible()
    console.tabs_to(console.page.get_by_role("dialog").get_by_role("button", name="Withdraw"))
    with console.page.expect_response(lambda answered: answered.url.endswith("/withdraw")):
        console.presses("Enter")
    expect(console.page.get_by_role("dialog")).to_be_hidden()
    console.page.wait_for_function("document.activeElement !== document.body")
    assert len(gone) == 1


def traces(console: Console) -> None:
    goes(console, "Trace")
    console.tabs_to(console.page.get_by_role("textbox", name="Notification’s id"))
    console.page.keyboard.type(notification(1, "")["id"])
    console.presses("Enter")
    steps = console.page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(7)
    expect(steps.nth(2)).to_contain_text("1 of 2 devices was not reached")


def replaces(console: Console) -> None:
    path = f"/api/notifications/{notification(1, '')['id']}/content"
    console.answers.table[f"PUT {path}"] = (200, notification(1, "new"))
    console.tabs_to(console.page.get_by_text("Replace its content"))
    console.presses("Enter")
    console.tabs_to(console.page.get_by_role("textbox", name="Message"))
    console.page.keyboard.type("in other words")
    console.tabs_to(console.page.get_by_role("button", name="Replace", exact=True))
    console.presses("Enter")
    expect(console.page.get_by_text("Replaced.")).to_be_visible()
    (call,) = console.answers.of("PUT", path)
    assert call.body == {"message": "in other words", "priority": 3}


def looks_at_a_dead_letter(console: Console) -> None:
    id_ = letter(0, "", "")["id"]
    console.answers.table[f"POST /api/dead-letters/{id_}/redrive"] = (200, {"redriven": 1})
    goes(console, "Dead letters")
    look = console.page.get_by_role("link", name=f"Look at dead letter {id_}")
    expect(look).to_be_visible()
    console.tabs_to(look)
    console.presses("Enter")
    expect(console.page.get_by_role("heading", name="One dead letter")).to_be_focused()
    redrive = console.page.get_by_role("button", name="Redrive this dead letter")
    expect(redrive).to_be_visible()
    console.tabs_to(redrive)
    console.presses("Enter")
    expect(console.page.get_by_role("list", name="Dead letters")).to_be_visible()
    assert len(console.answers.of("POST", f"/api/dead-letters/{id_}/redrive")) == 1


def redrives_all(console: Console) -> None:
    answer = (200, {"redriven": 234, "remaining": 0})
    console.answers.table["POST /api/dead-letters/redrive"] = answer
    console.tabs_to(console.page.get_by_role("button", name="Redrive all that match…"), back=True)
    console.presses("Enter")
    dialog = console.page.get_by_role("dialog", name="Redrive all?")
    console.tabs_to(dialog.get_by_role("button", name="Redrive all"))
    console.presses("Enter")
    expect(console.page.get_by_text("234 are on their way again.")).to_be_visible()


def reads_a_chart(console: Console) -> None:
    goes(console, "Charts")
    numbers = console.page.get_by_text("Numbers of Notifications")
    console.tabs_to(numbers)
    console.presses("Enter")
    table = console.page.get_by_role("region", name="Numbers of Notifications")
    expect(table.get_by_role("row").nth(1)).to_be_visible()
    console.tabs_to(table)
