"""The console on a running Belfry: what it says was done, was done."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from belfry.adapters.mongo.database import Database
from belfry.model import Connection, new_id
from belfry.wiring import Deps
from tests.browser.visit import Visit
from tests.push_endpoint import PushEndpoint
from tests.runner import Belfry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.conftest import Person

SOON_MILLISECONDS = 30_000


@pytest.fixture(scope="module")
def belfry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Belfry]:
    """A runner that gives up at the first failure."""
    folder = tmp_path_factory.mktemp("belfry") / "data"
    runner = Belfry(folder, {"RETRY_MAX_ATTEMPTS": "0"})
    with runner:
        yield runner


@pytest.fixture
def phone(belfry: Belfry, person: Person) -> Iterator[PushEndpoint]:
    """The person's device, which can be told to fail."""
    running = json.loads((belfry.folder / "running.json").read_text())
    database = Database.connect(running["MONGODB_URI"], "belfry")
    with PushEndpoint() as endpoint:
        connection = Connection(f"{new_id()}=", person.id, endpoint.url, datetime.now(UTC))
        Deps(database=database).connections.add(connection)
        yield endpoint
    database.client.close()


@pytest.fixture
def page(chromium: Browser, belfry: Belfry) -> Iterator[Page]:
    """The console, where an administrator has signed in."""
    context = chromium.new_context(timezone_id="UTC")
    visit = Visit(context.new_page())
    visit.page.goto(f"{belfry.url}/admin")
    visit.page.get_by_label("E-mail").fill(belfry.admin_email)
    visit.page.get_by_label("Password").fill(belfry.admin_password)
    visit.page.get_by_role("button", name="Sign in").click()
    yield visit.page
    context.close()
    assert visit.broken == []


def go(page: Page, view: str) -> Locator:
    page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
    return page.get_by_role("region", name=view, exact=True)


def choose(section: Locator, email: str) -> None:
    section.locator("input[role=combobox]").press_sequentially(email[:12])
    section.get_by_role("listbox").get_by_text(email).click()


def inbox(belfry: Belfry, person: Person) -> list[Any]:
    token = belfry.login(person.email, person.password)
    items: list[Any] = belfry.get("/api/notifications", token).json()["items"]
    return items


def test_sending_and_following_it(belfry: Belfry, person: Person, page: Page) -> None:
    send = go(page, "Send")
    choose(send, person.email)
    send.get_by_label("Title").fill("Build finished")
    send.get_by_label("Message").fill("main is green again")
    send.get_by_label("Priority").select_option("Urgent")
    send.get_by_role("button", name="Send", exact=True).click()
    send.get_by_role("link", name="See where it is").click()

    trace = page.get_by_role("region", name="Trace", exact=True)
    expect(trace.get_by_text("Dispatched: no push")).to_be_visible(timeout=SOON_MILLISECONDS)
    (item,) = inbox(belfry, person)
    assert (item["title"], item["priority"]) == ("Build finished", 5)

    trace.get_by_text("Replace its content").click()
    trace.get_by_label("Message").fill("main is red again")
    trace.get_by_role("button", name="Replace", exact=True).click()
    expect(trace.get_by_text("Replaced.")).to_be_visible()
    (item,) = inbox(belfry, person)
    assert item["message"] == "main is red again"
    assert item["editedAt"]

    trace.get_by_role("button", name="Withdraw it").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(trace.locator("#trace-done")).to_contain_text("Withdrawn.")
    assert inbox(belfry, person) == []


def test_scheduling_and_cancelling(belfry: Belfry, person: Person, page: Page) -> None:
    send = go(page, "Send")
    message = f"The maintenance begins {uuid4().hex}"
    later = datetime.now(UTC) + timedelta(hours=3)
    choose(send, person.email)
    send.get_by_label("Message").fill(message)
    send.get_by_label("Deliver at").fill(later.strftime("%Y-%m-%dT%H:%M"))
    send.get_by_role("button", name="Schedule", exact=True).click()
    send.get_by_role("link", name="See what is scheduled").click()

    scheduled = page.get_by_role("region", name="Scheduled", exact=True)
    row = scheduled.get_by_role("listitem").filter(has_text=message)
    expect(row).to_contain_text("in 3 hours")
    row.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(row).to_have_count(0)
    answer = belfry.get("/api/scheduled", belfry.admin_token()).json()
    assert message not in [item["message"] for item in answer["items"]]


def test_a_time_that_has_passed_is_refused_at_its_field(person: Person, page: Page) -> None:
    send = go(page, "Send")
    choose(send, person.email)
    send.get_by_label("Message").fill("too late")
    send.get_by_label("Deliver at").fill("2020-01-01T10:00")
    send.get_by_role("button", name="Schedule", exact=True).click()

    expect(send.locator("#deliverAt-error")).not_to_be_empty()
    expect(send.get_by_label("Deliver at")).to_be_focused()


def test_a_broadcast_reaches_everybody_and_is_withdrawn(
    belfry: Belfry, person: Person, page: Page
) -> None:
    message = f"Doors close at eight {uuid4().hex}"
    send = go(page, "Send")
    send.get_by_label("Everybody").check()
    send.get_by_label("Message").fill(message)
    send.get_by_role("button", name="Send to everybody…").click()
    page.get_by_role("dialog").get_by_role("button", name="Send to everybody").click()
    send.get_by_role("link", name="See how far it is").click()

    broadcasts = page.get_by_role("region", name="Broadcasts", exact=True)
    row = broadcasts.get_by_role("listitem").filter(has_text=message)
    expect(row).to_contain_text("Finished", timeout=SOON_MILLISECONDS)
    bar = row.get_by_role("progressbar")
    total = bar.get_attribute("aria-valuemax")
    expect(bar).to_have_attribute("aria-valuenow", str(total))
    assert [item["message"] for item in inbox(belfry, person)] == [message]

    row.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(row).to_contain_text("Withdrawn")
    expect_to_be([], lambda: inbox(belfry, person), page)


def test_many_people_and_one_who_is_gone(belfry: Belfry, person: Person, page: Page) -> None:
    send = go(page, "Send")
    choose(send, person.email)
    send.get_by_role("combobox", name="Recipients").fill("019ab3c2-7f00-7c3e-9a51-0242ac129999")
    send.get_by_role("listbox").get_by_role("option").first.click()
    send.get_by_label("Message").fill("hello, both")
    send.get_by_role("button", name="Send", exact=True).click()
    expect(send.locator("#userId-error")).to_have_text("There is no person with this id.")
    assert inbox(belfry, person) == []


def test_who_is_online(belfry: Belfry, person: Person, page: Page) -> None:
    token = belfry.login(person.email, person.password)
    with belfry.socket(token):
        online = go(page, "Online")
        row = online.get_by_role("listitem").filter(has_text=person.email)
        expect(row.get_by_role("listitem")).to_have_text("Device, since just now")
    expect(row).to_have_count(0, timeout=SOON_MILLISECONDS)


def test_the_charts_show_what_was_sent(
    belfry: Belfry, phone: PushEndpoint, person: Person, page: Page
) -> None:
    for number in range(3):
        belfry.send(person.id, message=f"number {number}")
    expect_to_be(3, lambda: len(phone.delivered()), page)
    charts = go(page, "Charts")
    drawing = charts.get_by_role("img", name="Notifications, per 10 s")
    expect(drawing.locator("rect").first).to_be_visible(timeout=SOON_MILLISECONDS)
    latency = charts.get_by_role("img", name="Latency")
    expect(latency.locator("path").first).to_have_attribute(
        "d", re.compile("^M"), timeout=SOON_MILLISECONDS
    )
    expect(charts.get_by_text("belfry.deliver.0")).to_be_visible()


def test_dead_letters_are_dropped_and_redriven(
    belfry: Belfry, phone: PushEndpoint, person: Person, page: Page
) -> None:
    phone.always = 503
    for number in range(2):
        belfry.send(person.id, message=f"number {number}")
    letters = go(page, "Dead letters")
    choose(letters, person.email)
    rows = letters.get_by_role("list", name="Dead letters").get_by_role("listitem")
    until_there_are(2, rows, letters)

    rows.first.get_by_role("button", name="Drop").click()
    page.get_by_role("dialog").get_by_role("button", name="Drop").click()
    expect(rows).to_have_count(1)

    phone.always = None
    letters.get_by_role("button", name="Redrive all that match…").click()
    page.get_by_role("dialog").get_by_role("button", name="Redrive all").click()
    expect(letters.get_by_text("1 is on their way again.")).to_be_visible()
    expect(rows).to_have_count(0)
    expect_to_be(1, lambda: len(phone.delivered()), page)


def until_there_are(count: int, rows: Locator, letters: Locator) -> None:
    """Dead letters come by themselves, but their list does not."""
    for _ in range(100):
        letters.get_by_label("Reason").select_option("push-failed")
        letters.get_by_label("Reason").select_option("")
        if rows.count() == count:
            return
        letters.page.wait_for_timeout(200)
    raise AssertionError(f"there are {rows.count()}")


def expect_to_be(wanted: Any, found: Callable[[], Any], page: Page) -> None:
    for _ in range(200):
        if found() == wanted:
            return
        page.wait_for_timeout(100)
    assert found() == wanted
