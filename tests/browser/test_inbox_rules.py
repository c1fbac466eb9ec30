"""The rules of docs/protocol.md as web/inbox.js has them, without a server's timing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page, Route

WEB = Path(__file__).parents[2] / "web"

Json = dict[str, Any]

# Runs functions of the module one after the other, each on the inbox that the one before left.
RUN = """async (steps) => {
  const rules = await import("/web/inbox.js");
  let inbox = rules.emptyInbox();
  const asked = [];
  for (const [name, ...given] of steps) {
    const result = rules[name](inbox, ...given);
    if (name === "receive") asked.push({ sync: result.sync, reload: result.reload,
                                         arrived: result.arrived.map((item) => item.id) });
    inbox = name === "receive" ? result.inbox : result;
  }
  const shown = rules.shownItems(inbox);
  return { seq: inbox.seq, asked, unread: rules.shownUnread(inbox),
           ids: shown.map((item) => item.id), read: shown.filter((item) => item.read)
             .map((item) => item.id) };
}"""

SEE_NOTHING = {"sync": False, "reload": False, "arrived": []}


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page with the modules at hand, served from the folder itself."""
    context = chromium.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.goto("http://belfry.test/web/index.html")
    yield page
    context.close()


def serve(route: Route) -> None:
    route.fulfill(path=WEB / Path(urlsplit(route.request.url).path).name)


@pytest.fixture
def run(page: Page) -> Callable[..., Json]:
    def runs(*steps: list[object]) -> Json:
        result: Json = page.evaluate(RUN, steps)
        return result

    return runs


def test_the_first_answer_gives_the_position_and_asks_for_the_list(
    run: Callable[..., Json],
) -> None:
    after = run(ready(41), page_of(item(41), unread=1))

    assert after["seq"] == 41
    assert after["asked"] == [SEE_NOTHING | {"reload": True}]
    assert (after["ids"], after["unread"]) == (["n41"], 1)


def test_the_expected_event_is_applied(run: Callable[..., Json]) -> None:
    after = run(ready(41), arrival(42, unread=3))

    assert after["asked"][-1] == SEE_NOTHING | {"arrived": ["n42"]}
    assert (after["seq"], after["ids"], after["unread"]) == (42, ["n42"], 3)


def test_a_duplicate_is_dropped(run: Callable[..., Json]) -> None:
    after = run(ready(41), arrival(42), reading(43, "n42"), arrival(42, unread=9))

    assert after["asked"][-1] == SEE_NOTHING
    assert (after["seq"], after["read"], after["unread"]) == (43, ["n42"], 0)


def test_a_gap_asks_for_a_sync_and_shows_nothing_yet(run: Callable[..., Json]) -> None:
    after = run(ready(41), arrival(44))

    assert after["asked"][-1] == SEE_NOTHING | {"sync": True}
    assert (after["seq"], after["ids"]) == (41, [])


def test_events_out_of_order_end_up_in_order(run: Callable[..., Json]) -> None:
    answer = synced(44, event_of(arrival(42)), event_of(arrival(43)), event_of(arrival(44)))
    after = run(ready(41), arrival(43), arrival(42), answer)

    assert [asked["sync"] for asked in after["asked"]] == [False, True, False, False]
    assert [asked["arrived"] for asked in after["asked"]] == [[], [], ["n42"], ["n43", "n44"]]
    assert (after["seq"], after["ids"]) == (44, ["n44", "n43", "n42"])


def test_an_event_heard_while_a_sync_is_under_way_is_fetched(run: Callable[..., Json]) -> None:
    empty = synced(41)
    after = run(ready(41), arrival(43), empty, empty)

    assert [asked["sync"] for asked in after["asked"]] == [False, True, True, False]


def test_an_event_heard_before_the_first_answer_is_fetched(run: Callable[..., Json]) -> None:
    after = run(arrival(42), ready(41))

    assert after["asked"][-1] == SEE_NOTHING | {"sync": True, "reload": True}


def test_what_was_seen_live_is_not_applied_again_by_an_answer(run: Callable[..., Json]) -> None:
    late = synced(42, event_of(arrival(42)))
    after = run(ready(41), arrival(42), reading(43, "n42"), late)

    assert after["asked"][-1] == SEE_NOTHING
    assert (after["seq"], after["read"], after["unread"]) == (43, ["n42"], 0)


def test_a_partial_answer_asks_for_the_rest(run: Callable[..., Json]) -> None:
    first = synced(42, event_of(arrival(42)), more=True)
    after = run(ready(41), ["opened"], first, synced(43, event_of(arrival(43))))

    assert [asked["sync"] for asked in after["asked"]] == [False, True, False]
    assert after["ids"] == ["n43", "n42"]


def test_when_too_much_was_missed_the_list_is_loaded_again(run: Callable[..., Json]) -> None:
    lost: Json = {"type": "sync", "recovered": False, "events": [], "more": False}
    after = run(ready(41), ["opened"], ["receive", lost | {"seq": 900, "unreadCount": 7}])

    assert after["asked"][-1] == SEE_NOTHING | {"reload": True}
    assert (after["seq"], after["unread"]) == (900, 7)


def test_a_page_that_is_older_than_an_event_does_not_undo_it(run: Callable[..., Json]) -> None:
    old_page = page_of(item(42), item(41), unread=2)
    after = run(ready(42), ["pageAsked"], reading(43, "n42", unread=1), arrival(44), old_page)

    assert (after["ids"], after["read"]) == (["n44", "n42", "n41"], ["n42"])
    assert after["unread"] == 1


def test_a_mark_is_shown_at_once_and_counted_once(run: Callable[..., Json]) -> None:
    before = [ready(42), page_of(item(42), item(41), unread=2)]
    started = [*before, ["markStarted", "n42", True]]

    assert run(*started)["unread"] == 1
    assert run(*started)["read"] == ["n42"]
    confirmed = [*started, ["markSettled", "n42"], reading(43, "n42", unread=1)]
    assert run(*confirmed)["unread"] == 1
    undone = run(*started, ["markFailed", "n42"])
    assert (undone["unread"], undone["read"]) == (2, [])


def test_a_confirmed_mark_gives_way_to_another_device(run: Callable[..., Json]) -> None:
    elsewhere: Json = {"type": "unread", "seq": 44, "unreadCount": 1, "ids": ["n42"]}
    marked = [["markStarted", "n42", True], ["markSettled", "n42"], reading(43, "n42")]
    after = run(ready(42), page_of(item(42), unread=1), *marked, ["receive", elsewhere])

    assert (after["read"], after["unread"]) == ([], 1)


def test_what_is_read_leaves_the_unread_list(run: Callable[..., Json]) -> None:
    first = [ready(42), ["filtered", "unread"], page_of(item(42), item(41), unread=2)]
    after = run(*first, reading(43, "n42", unread=1))

    assert after["ids"] == ["n41"]


def test_an_unread_one_that_is_not_there_reloads_the_unread_list(run: Callable[..., Json]) -> None:
    again: Json = {"type": "unread", "seq": 43, "unreadCount": 1, "ids": ["n7"]}
    after = run(ready(42), ["filtered", "unread"], ["receive", again])

    assert after["asked"][-1]["reload"]


def test_only_safe_links_are_links(page: Page) -> None:
    safe = """async (links) => {
      const { safeLink } = await import("/web/text.js");
      return links.filter((link) => safeLink(link) !== null);
    }"""
    good = ["https://example.com/x", "http://example.com", "/path?x=1"]
    bad = [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "/\\example.com",
        "x",
        "",
        None,
    ]

    assert page.evaluate(safe, [*good, *bad]) == good


def ready(seq: int) -> list[object]:
    return ["receive", {"type": "ready", "seq": seq, "unreadCount": 0}]


def item(seq: int) -> Json:
    return {"id": f"n{seq}", "seq": seq, "message": "m", "priority": 3, "read": False}


def arrival(seq: int, *, unread: int = 1) -> list[object]:
    event = {
        "type": "notification",
        "seq": seq,
        "unreadCount": unread,
        "notifications": [item(seq)],
    }
    return ["receive", event]


def reading(seq: int, *ids: str, unread: int = 0) -> list[object]:
    return ["receive", {"type": "read", "seq": seq, "unreadCount": unread, "ids": [*ids]}]


def event_of(step: list[object]) -> object:
    return step[1]


def synced(seq: int, *events: object, more: bool = False) -> list[object]:
    frame = {"type": "sync", "recovered": True, "more": more, "events": [*events]}
    return ["receive", frame | {"seq": seq, "unreadCount": 1}]


def page_of(*items: Json, unread: int) -> list[object]:
    return ["pageLoaded", {"items": [*items], "nextCursor": None, "unreadCount": unread}]
