"""The console's form: whom it sends to, what it asks first, and that nothing goes twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.admin_answers import ADMIN, PEOPLE, full, refused
from tests.browser.admin_page import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

ADA, ALAN = PEOPLE[0]["id"], PEOPLE[1]["id"]


@pytest.fixture
def console(chromium: Browser) -> Iterator[Console]:
    console = Console(chromium, full()).open("send")
    yield console
    console.context.close()
    assert console.broken == []


@pytest.fixture
def form(console: Console) -> Locator:
    return console.page.locator("#view-send form")


def choose(form: Locator, name: str) -> None:
    field = form.get_by_role("combobox", name="Recipients")
    field.press_sequentially(name)
    expect(form.get_by_role("listbox").get_by_role("option").first).to_contain_text(name)
    field.press("Enter")


def send(form: Locator, button: str = "Send") -> None:
    form.get_by_role("button", name=button, exact=True).click()


def test_one_person_gets_a_notification(console: Console, form: Locator) -> None:
    choose(form, "Ada")
    form.get_by_label("Title").fill("Build finished")
    form.get_by_label("Message").fill("main is green again")
    form.get_by_label("Priority").select_option("High")
    form.get_by_label("Category").fill("builds")
    form.get_by_label("Link").fill("/builds/42")

    send(form)

    status = form.locator("#sent")
    expect(status).to_contain_text("Sent to Ada Lovelace.")
    expect(status.get_by_role("link")).to_have_attribute("href", re.compile("^#trace/"))
    content = {"title": "Build finished", "message": "main is green again", "priority": 4}
    content |= {"category": "builds", "link": "/builds/42"}
    (call,) = console.answers.of("POST", "/api/notifications")
    assert call.body == content | {"userId": ADA}
    # The recipient stays, what was said does not.
    expect(form.get_by_label("Message")).to_have_value("")
    expect(form.get_by_role("list", name="Chosen people")).to_have_text(re.compile("Ada"))


def test_several_people_get_a_broadcast(console: Console, form: Locator) -> None:
    choose(form, "Ada")
    choose(form, "Alan")
    form.get_by_label("Message").fill("hello")
    send(form)

    expect(form.locator("#sent")).to_contain_text("On its way.")
    (call,) = console.answers.of("POST", "/api/broadcasts")
    assert call.body == {"to": {"userIds": [ADA, ALAN]}, "message": "hello", "priority": 3}


def test_a_chosen_person_can_be_taken_back(console: Console, form: Locator) -> None:
    for name in ("Ada", "Alan", "Grace"):
        choose(form, name)
    form.get_by_role("button", name="Remove Alan Turing").click()
    form.get_by_role("combobox", name="Recipients").press("Backspace")
    form.get_by_label("Message").fill("hello")
    send(form)

    expect(form.locator("#sent")).to_contain_text("Sent to Ada Lovelace.")


def test_an_id_is_taken_as_it_is(console: Console, form: Locator) -> None:
    id_ = "019ab3c2-7f00-7c3e-9a51-0242ac120099"
    choose(form, id_)
    form.get_by_label("Message").fill("hello")
    send(form)

    expect(form.locator("#sent")).to_contain_text("Sent to")
    assert console.answers.of("POST", "/api/notifications")[0].body["userId"] == id_


def test_a_topic_gets_a_broadcast_at_its_time(console: Console, form: Locator) -> None:
    form.get_by_label("A topic").check()
    form.get_by_label("Topic", exact=True).fill("releases")
    form.get_by_label("Message").fill("2.4 is out")
    form.get_by_label("Deliver at").fill("2031-07-01T09:00")
    form.get_by_label("Expires at").fill("2031-12-01T09:00")
    send(form, "Schedule")

    link = form.locator("#sent").get_by_role("link", name="See what is scheduled")
    expect(link).to_have_attribute("href", "#scheduled")
    (call,) = console.answers.of("POST", "/api/broadcasts")
    assert call.body["to"] == {"topic": "releases"}
    # Typed in Berlin, in summer and in winter.
    assert call.body["deliverAt"] == "2031-07-01T07:00:00.000Z"
    assert call.body["expiresAt"] == "2031-12-01T08:00:00.000Z"


def test_everybody_is_asked_about_first(console: Console, form: Locator) -> None:
    form.get_by_label("Everybody").check()
    form.get_by_label("Message").fill("Happy new year!")
    send(form, "Send to everybody…")
    question = console.page.get_by_role("dialog", name="Send to everybody?")
    expect(question).to_contain_text("5 people, everybody who has an account: “Happy new year!”")
    console.presses("Escape")
    expect(question).to_be_hidden()
    assert console.answers.of("POST", "/api/broadcasts") == []

    send(form, "Send to everybody…")
    question.get_by_role("button", name="Send to everybody").click()

    expect(form.locator("#sent")).to_contain_text("On its way.")
    (call,) = console.answers.of("POST", "/api/broadcasts")
    assert call.body["to"] == {"everybody": True}


def test_what_got_no_answer_is_repeated_with_its_key(console: Console, form: Locator) -> None:
    answers = console.answers
    working = answers.table["POST /api/notifications"]
    answers.table["POST /api/notifications"] = (0, None)
    choose(form, "Ada")
    form.get_by_label("Message").fill("once")
    send(form)
    expect(form.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(form.get_by_label("Message")).to_have_value("once")
    answers.table["POST /api/notifications"] = working
    send(form)
    expect(form.locator("#sent")).to_contain_text("Sent to")
    form.get_by_label("Message").fill("once")  # the same again is another one
    send(form)
    expect(form.get_by_label("Message")).to_have_value("")

    calls = answers.of("POST", "/api/notifications")
    first, repeated, another = [call.headers["idempotency-key"] for call in calls]
    assert first == repeated != another
    assert len(first) == 32


def test_a_changed_form_has_another_key(console: Console, form: Locator) -> None:
    console.answers.table["POST /api/notifications"] = (503, {"message": "Service Unavailable"})
    choose(form, "Ada")
    for text in ("first", "second"):
        form.get_by_label("Message").fill(text)
        send(form)
        expect(form.get_by_role("alert")).to_contain_text("not available for the moment")

    first, second = console.answers.of("POST", "/api/notifications")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/message", "Message"),
        ("/link", "Link"),
        ("/expiresAt", "Expires at"),
        ("/userId", "Recipients"),
    ],
)
def test_a_problem_stands_at_its_field(
    console: Console, form: Locator, pointer: str, place: str
) -> None:
    answer = refused(400, "wrong", (pointer, "is not as it should be"))
    console.answers.table["POST /api/notifications"] = answer
    send(form)

    field = form.get_by_label(place)
    expect(field).to_have_accessible_description(re.compile("Is not as it should be."))
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()


def test_a_problem_with_the_recipients_stands_at_them(console: Console, form: Locator) -> None:
    nobody = refused(422, "wrong", ("/to/userIds/1", "there is no person with this id"))
    console.answers.table["POST /api/broadcasts"] = nobody
    choose(form, "Ada")
    choose(form, "Alan")
    send(form)
    expect(form.locator("#userId-error")).to_have_text("There is no person with this id.")

    unknown = refused(400, "wrong", ("/to/topic", "has a wrong character"))
    console.answers.table["POST /api/broadcasts"] = unknown
    form.get_by_label("A topic").check()
    form.get_by_label("Topic", exact=True).fill("Ärger")
    send(form)
    expect(form.locator("#topic-error")).to_have_text("Has a wrong character.")


def test_the_preview_shows_what_is_written(console: Console, form: Locator) -> None:
    form.get_by_label("Title").fill("<b>Build</b> failed")
    form.get_by_label("Message").fill("3 tests fail")
    form.get_by_label("Priority").select_option("Urgent")
    form.get_by_label("Category").fill("builds")
    form.get_by_label("Link").fill("https://ci.example.com/42")

    preview = console.page.get_by_role("complementary", name="Preview")
    expect(preview.get_by_role("heading", name="<b>Build</b> failed")).to_be_visible()
    for text in ("3 tests fail", "Urgent", "builds"):
        expect(preview.get_by_text(text)).to_be_visible()
    link = preview.get_by_role("link")
    expect(link).to_have_attribute("href", "https://ci.example.com/42")


def test_to_myself(console: Console, form: Locator) -> None:
    form.get_by_role("button", name="Add myself").click()
    expect(form.get_by_label("Message")).to_be_focused()
    form.get_by_label("Message").fill("note to self")
    send(form)

    expect(form.locator("#sent")).to_contain_text("Sent to Mina Harker.")
    assert console.answers.of("POST", "/api/notifications")[0].body["userId"] == ADMIN["id"]
