"""What the console keeps up to date, when it does not ask, and what happens when asking fails."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.admin_answers import broadcast, full, letter, notification, page, statistics
from tests.browser.admin_page import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

    from tests.browser.admin_answers import Json

GATEWAY_ANSWER = (503, {"message": "Service Unavailable"})
LONGEST_PAUSE_MILLISECONDS = 15_000
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def console(chromium: Browser) -> Iterator[Console]:
    """A console whose clock can be put forward."""
    console = Console(chromium, full())
    console.page.clock.install()
    yield console
    console.context.close()
    assert console.broken == []


def asks_again(console: Console, path: str, *, within: int) -> None:
    with console.page.expect_response(lambda response: path in response.url):
        console.page.clock.fast_forward(within)
    settles(console)


def asks_nothing(console: Console, *, within: int) -> None:
    settles(console)
    before = len(console.answers.calls)
    console.page.clock.fast_forward(within)
    settles(console)
    assert [call.path for call in console.answers.calls[before:]] == ["/api/marker"]


def settles(console: Console) -> None:
    """Once this call is answered, those before it are too, and what they lead to has happened."""
    console.page.evaluate("fetch('/api/marker').then((answer) => answer.text())")


def test_a_broadcast_shows_its_progress(console: Console) -> None:
    answers = console.answers
    started = broadcast(1, "Doors close at eight.", "running")
    answers.table["GET /api/broadcasts"] = (200, page(started))
    console.open("broadcasts")
    row = console.page.get_by_role("list", name="Broadcasts").get_by_role("listitem")
    expect(row).to_contain_text("Beginning…")

    half: Json = {"total": 10_000, "accepted": 6_000, "delivered": 4_990, "failed": 10}
    answers.table["GET /api/broadcasts"] = (200, page(started | half))
    console.page.clock.fast_forward(2_000)
    bar = row.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuenow", "5000")
    expect(bar).to_have_attribute("aria-valuemax", "10000")
    expect(row).to_contain_text("4,990 of 10,000 people have it, 6,000 accepted, 10 failed.")

    done: Json = {"state": "finished", "accepted": 10_000, "delivered": 9_990}
    answers.table["GET /api/broadcasts"] = (200, page(started | half | done))
    console.page.clock.fast_forward(2_000)
    expect(row).to_contain_text("Finished")
    expect(bar).to_have_attribute("aria-valuenow", "10000")


def test_nothing_is_asked_while_the_tab_is_hidden_or_the_view_is_not_shown(
    console: Console,
) -> None:
    console.open("charts")
    expect(console.page.get_by_text("belfry.fanout")).to_be_visible()
    asks_again(console, "/api/statistics", within=2_000)

    console.page.evaluate(HIDE, True)
    asks_nothing(console, within=600_000)

    console.page.evaluate(HIDE, False)
    asks_again(console, "/api/statistics", within=0)

    console.go("Trace")
    asks_nothing(console, within=600_000)


def test_what_was_seen_stays_while_the_server_is_away(console: Console) -> None:
    console.open("charts")
    tile = console.page.locator("[data-of=people]")
    expect(tile).to_have_text("214")
    console.answers.table["GET /api/statistics"] = (0, None)
    console.page.clock.fast_forward(2_000)
    problem = console.page.locator("#charts-problem")
    expect(problem).to_have_text(
        re.compile(r"The server cannot be reached\..* What is shown is of \d\d:\d\d:\d\d\.")
    )
    expect(tile).to_have_text("214")

    console.answers.table["GET /api/statistics"] = (200, statistics())
    console.page.clock.fast_forward(LONGEST_PAUSE_MILLISECONDS)
    expect(problem).to_be_empty()


def test_a_queue_that_is_down_is_not_an_empty_one(console: Console) -> None:
    console.answers.table["GET /api/statistics"] = (200, statistics(queues=[]))
    console.open("charts")
    expect(console.page.get_by_text("The queue does not answer.")).to_be_visible()
    expect(console.page.locator("[data-of=waiting]")).to_have_text("–")
    expect(console.page.locator("[data-of=people]")).to_have_text("214")


def test_failures_are_asked_again_ever_more_rarely(console: Console) -> None:
    console.answers.table["GET /api/statistics"] = GATEWAY_ANSWER
    console.open("charts")
    problem = console.page.locator("#charts-problem")
    expect(problem).to_contain_text("not available for the moment")
    for _ in range(5):
        asks_again(console, "/api/statistics", within=LONGEST_PAUSE_MILLISECONDS)
    asks_nothing(console, within=7_000)


def test_an_ended_session_asks_to_sign_in_and_keeps_what_was_typed(console: Console) -> None:
    answers = console.answers
    console.open("send")
    message = console.page.locator("#view-send").get_by_label("Message")
    message.fill("half written")
    answers.table["GET /api/online"] = (401, {"message": "Unauthorized"})
    console.go("Online")

    expect(console.page.get_by_text("Your session has ended.")).to_be_visible()
    expect(console.page.get_by_role("navigation")).to_be_hidden()
    assert console.page.evaluate("sessionStorage.getItem('belfry.session')") is None
    answers.table["GET /api/online"] = full().table["GET /api/online"]
    console.page.get_by_label("E-mail").fill("admin@example.com")
    console.page.get_by_label("Password").fill("correct horse battery")
    console.presses("Enter")

    expect(console.page.get_by_role("heading", name="Online")).to_be_focused()
    expect(console.page.get_by_text("Grace Hopper")).to_be_visible()
    console.go("Send")
    expect(message).to_have_value("half written")


def test_signing_out_forgets_all(console: Console) -> None:
    console.open("online")
    expect(console.page.get_by_text("Grace Hopper")).to_be_visible()
    console.go("Send")
    message = console.page.locator("#view-send").get_by_label("Message")
    message.fill("half written")
    console.page.get_by_role("button", name="Sign out").click()

    expect(console.page.get_by_text("You are signed out.")).to_be_visible()
    expect(console.page.get_by_text("Grace Hopper")).to_have_count(0)
    expect(message).to_have_value("")


def test_a_wrong_password_is_said(chromium: Browser) -> None:
    answers = full()
    answers.table["POST /api/login"] = (
        401,
        {"detail": "The e-mail address or the password is wrong."},
    )
    console = Console(chromium, answers, user=None).open()
    console.page.get_by_label("Password").fill("no")
    console.presses("Enter")
    expect(console.page.get_by_role("alert").filter(visible=True)).to_have_text(
        "The e-mail address or the password is wrong."
    )
    console.context.close()


def test_what_is_no_longer_allowed_is_said(console: Console) -> None:
    console.answers.table["GET /api/dead-letters"] = (
        403,
        {"detail": "Only administrators may do this."},
    )
    console.open("dead-letters")
    expect(console.page.get_by_role("alert").filter(visible=True).first).to_contain_text(
        "Only administrators may do this."
    )


def test_all_that_match_are_redriven_with_progress(console: Console) -> None:
    left = [2_234, 1_234, 234, 0]
    held: list[Route] = []

    def some(_: Any) -> tuple[int, Json]:
        before = left.pop(0)
        return 200, {"redriven": before - left[0], "remaining": left[0]}

    def hold(route: Route) -> None:
        held.append(route)

    console.answers.table["POST /api/dead-letters/redrive"] = some
    console.context.route("**/api/dead-letters/redrive", hold)
    console.open("dead-letters")
    console.page.get_by_label("Reason").select_option("Push failed")
    console.page.get_by_role("button", name="Redrive all that match…").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Redrive all").click()
    for text in ("Redriving…", "1,000 of 2,234", "2,000 of 2,234"):
        expect(console.page.locator("#redrive")).to_contain_text(text)
        expect(console.page.get_by_role("progressbar", name="Redriven")).to_be_visible()
        wait_for(console, held)
        console.answers.serve(held.pop())

    expect(console.page.locator("#redrive")).to_contain_text("2,234 are on their way again.")
    expect(console.page.get_by_role("progressbar", name="Redriven")).to_be_hidden()
    bodies = [call.body for call in console.answers.of("POST", "/api/dead-letters/redrive")]
    assert bodies[0]["reason"] == "push-failed"
    # What dies again meanwhile is not taken once more.
    assert len({body["until"] for body in bodies}) == 1


def test_a_redrive_that_fails_says_how_far_it_came(console: Console) -> None:
    answers = iter([(200, {"redriven": 1_000, "remaining": 500}), GATEWAY_ANSWER])
    console.answers.table["POST /api/dead-letters/redrive"] = lambda _: next(answers)
    console.open("dead-letters")
    console.page.get_by_role("button", name="Redrive all that match…").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Redrive all").click()

    alert = console.page.locator("#redrive").get_by_role("alert")
    expect(alert).to_contain_text("1,000 are on their way again. The others are kept.")


def test_dead_letters_are_filtered(console: Console) -> None:
    console.open("dead-letters")
    console.page.get_by_label("Reason").select_option("Unreadable")
    console.page.get_by_label("Buried since").fill("2026-01-05T10:00")
    person = console.page.get_by_role("combobox", name="Person")
    person.press_sequentially("Gra")
    console.page.clock.fast_forward(200)
    console.page.get_by_role("listbox", name="People found").get_by_role("option").click()
    expect(console.page.get_by_role("button", name="Remove Grace Hopper")).to_be_visible()

    last = console.answers.of("GET", "/api/dead-letters")[-1].query
    assert last.pop("userId").startswith("019ab3c2-7f00")
    wanted = {"reason": "unreadable", "since": "2026-01-05T09:00:00.000Z", "limit": "20"}
    assert last == wanted


def test_more_are_loaded_and_the_focus_goes_on_there(console: Console) -> None:
    def pages(call: Any) -> tuple[int, Json]:
        if "cursor" not in call.query:
            return 200, page(*(letter(n, "unreadable", "x") for n in range(20)), cursor="next")
        return 200, page(*(letter(n, "unreadable", "x") for n in range(20, 25)))

    console.answers.table["GET /api/dead-letters"] = pages
    console.open("dead-letters")
    rows = console.page.get_by_role("list", name="Dead letters").get_by_role("listitem")
    expect(rows).to_have_count(20)
    console.page.get_by_role("button", name="Load more").press("Enter")
    expect(rows).to_have_count(25)
    expect(rows.nth(20).get_by_role("link")).to_be_focused()


def test_a_dropped_letter_is_gone_and_the_next_has_the_focus(console: Console) -> None:
    first, second = (letter(n, "unreadable", "x")["id"] for n in range(2))
    console.answers.table[f"DELETE /api/dead-letters/{first}"] = (204, None)
    console.open("dead-letters")
    rows = console.page.get_by_role("list", name="Dead letters").get_by_role("listitem")
    console.page.get_by_role("button", name=f"Drop dead letter {first}").press("Enter")
    console.page.get_by_role("dialog").get_by_role("button", name="Drop").press("Enter")
    expect(rows).to_have_count(2)
    look = console.page.get_by_role("link", name=f"Look at dead letter {second}")
    expect(look).to_be_focused()


def test_a_trace_follows_what_happens(console: Console) -> None:
    id_ = notification(1, "")["id"]
    console.open(f"trace/{id_}")
    steps = console.page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(steps).to_have_count(7)
    answer = console.answers.table[f"GET /api/notifications/{id_}/trace"]
    assert isinstance(answer, tuple)
    answer[1]["steps"].append({"step": "read", "at": answer[1]["steps"][-1]["at"]})
    console.page.clock.fast_forward(3_000)
    expect(steps).to_have_count(8)
    expect(steps.last).to_contain_text("Read")


def test_what_is_withdrawn_is_not_offered_to_be_changed(console: Console) -> None:
    id_ = notification(1, "")["id"]
    console.answers.table[f"POST /api/notifications/{id_}/withdraw"] = (204, None)
    console.open(f"trace/{id_}")
    actions = console.page.locator("#trace-actions")
    actions.get_by_role("button", name="Withdraw it").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(console.page.get_by_role("status").filter(has_text="Withdrawn.")).to_be_focused()
    answer = console.answers.table[f"GET /api/notifications/{id_}/trace"]
    assert isinstance(answer, tuple)
    answer[1]["steps"].append({"step": "withdrawn", "at": answer[1]["steps"][-1]["at"]})
    console.page.clock.fast_forward(3_000)
    expect(console.page.get_by_role("list", name="Steps").last).to_contain_text("Withdrawn")
    expect(actions).to_be_hidden()


@pytest.mark.parametrize("address", ["toString", "__proto__/x", "trace/%"])
def test_an_address_that_is_none_breaks_nothing(console: Console, address: str) -> None:
    console.open(address)
    expect(console.page.get_by_role("main").get_by_role("heading", level=1)).to_be_visible()
    expect(console.page.get_by_role("link", name="Trace")).to_be_visible()


def test_more_are_loaded_while_the_list_is_looked_at_again(console: Console) -> None:
    held: list[Route] = []
    first = page(broadcast(1, "The first.", "finished", total=1), cursor="further")
    console.answers.table["GET /api/broadcasts"] = (200, first)
    console.page.route("**/api/broadcasts?*cursor=further*", lambda route: held.append(route))
    console.open("broadcasts")
    console.page.get_by_role("button", name="Load more").click()
    wait_for(console, held)
    console.page.clock.fast_forward(5_000)
    settles(console)
    body = json.dumps(page(broadcast(2, "The second.", "finished", total=1)))
    held[0].fulfill(status=200, body=body, content_type="application/json")
    expect(
        console.page.get_by_role("list", name="Broadcasts").get_by_role("listitem")
    ).to_have_count(2)


def test_an_id_that_nobody_knows_is_said(console: Console) -> None:
    console.open("trace")
    console.page.get_by_role("textbox", name="Notification’s id").fill("nothing")
    console.presses("Enter")
    expect(console.page.locator("#trace-problem")).to_have_text("There is no such thing.")
    expect(console.page.get_by_role("list", name="Steps")).to_be_hidden()


def wait_for(console: Console, held: list[Route]) -> None:
    for _ in range(500):
        if held:
            return
        console.page.wait_for_timeout(10)
    raise AssertionError("no call was made")
