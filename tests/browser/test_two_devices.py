"""Two pages of one person show the same, by themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.visit import RECONNECTED_WITHIN_MILLISECONDS, is_read, is_unread

if TYPE_CHECKING:
    from tests.browser.conftest import Person
    from tests.browser.visit import Visit
    from tests.runner import Belfry


def test_a_sent_notification_appears_on_both_without_reload(
    belfry: Belfry, person: Person, visit: Visit, second_visit: Visit
) -> None:
    belfry.send(person.id, title="Build finished", message="main is green again", priority=5)

    for device in (visit, second_visit):
        row = device.row("main is green again")
        expect(row).to_be_visible()
        expect(row.get_by_role("heading", name="Build finished")).to_be_visible()
        expect(row).to_contain_text("Urgent")
        device.has_unread(1)
        expect(device.page).to_have_title("(1) Belfry")


def test_reading_on_one_clears_it_on_the_other(
    belfry: Belfry, person: Person, visit: Visit, second_visit: Visit
) -> None:
    belfry.send(person.id, message="read me")
    is_unread(second_visit.row("read me"))

    visit.row("read me").click()

    for device in (visit, second_visit):
        is_read(device.row("read me"))
        device.has_unread(0)

    second_visit.row("read me").get_by_role("button", name="Mark as unread").press("Enter")

    is_unread(visit.row("read me"))
    visit.has_unread(1)


def test_after_the_server_was_down_both_catch_up(
    belfry: Belfry, person: Person, visit: Visit, second_visit: Visit
) -> None:
    belfry.send(person.id, message="before")
    for device in (visit, second_visit):
        expect(device.row("before")).to_be_visible()

    belfry.stop()
    for device in (visit, second_visit):
        device.has_lost_the_server()
    time.sleep(5)  # how long it is down: the pages try in vain meanwhile
    belfry.start()
    for number in range(3):
        belfry.send(person.id, message=f"while away {number}")

    for device in (visit, second_visit):
        device.is_live()
        for number in range(3):
            row = device.row(f"while away {number}")
            expect(row).to_have_count(1, timeout=RECONNECTED_WITHIN_MILLISECONDS)
        device.has_unread(4)
        expect(device.rows).to_have_count(4)
