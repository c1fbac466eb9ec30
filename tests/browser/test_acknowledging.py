"""What a page tells the server of the notifications that came: web/client.js, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

WEB = Path(__file__).parents[2] / "web"
LONGER_THAN_A_SILENT_SERVER_GETS = 15_000

Json = dict[str, Any]

# A client on a socket that notes what it sends, and takes frames from the test.
START = """async () => {
  const { Client } = await import("/web/client.js");
  window.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() { Object.assign(window, { socket: this, sent: [], shut: false }); }
    send(text) { window.sent.push(JSON.parse(text)); }
    close() { window.shut = true; }
  };
  const nothing = () => {};
  const page = { items: [], nextCursor: null, unreadCount: 0 };
  const api = { ticket: async () => "ticket", list: async () => page };
  const listener = { changed: nothing, arrived: nothing, connection: nothing, failed: nothing };
  new Client(api, "ws://belfry.test/ws", "all", listener).start();
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  window.socket.onopen();
}"""
TAKE = "(frame) => window.socket.onmessage({ data: JSON.stringify(frame) })"
ACKS = "window.sent.filter((frame) => frame.action === 'ack').map((frame) => frame.ids)"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page with a client that waits for its position, and a clock that stands still."""
    context = chromium.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.clock.install()
    page.goto("http://belfry.test/web/index.html")
    page.evaluate(START)
    yield page
    context.close()


def serve(route: Route) -> None:
    route.fulfill(path=WEB / Path(urlsplit(route.request.url).path).name)


def takes(page: Page, *frames: Json) -> None:
    for frame in frames:
        page.evaluate(TAKE, frame)


def ready(seq: int) -> Json:
    return {"type": "ready", "seq": seq, "unreadCount": 0}


def arrival(seq: int, *ids: str) -> Json:
    items = [{"id": id_, "message": "m", "read": False, "seq": seq} for id_ in ids or [f"id{seq}"]]
    return {"type": "notification", "seq": seq, "unreadCount": 1, "notifications": items}


def sync(*events: Json, seq: int) -> Json:
    return {
        "type": "sync",
        "seq": seq,
        "unreadCount": 1,
        "recovered": True,
        "events": events,
        "more": False,
    }


def test_each_event_is_acknowledged_once_after_it_was_applied(page: Page) -> None:
    takes(page, arrival(1), ready(1), arrival(1), arrival(2, "a", "b"), arrival(2, "a", "b"))
    takes(page, {"type": "read", "seq": 3, "unreadCount": 0, "ids": ["a"]}, arrival(5))
    assert page.evaluate(ACKS) == [["a", "b"]]


def test_what_a_sync_brought_is_acknowledged_together(page: Page) -> None:
    takes(page, ready(1), arrival(4), sync(arrival(2), arrival(3), arrival(4), seq=4))
    assert page.evaluate(ACKS) == [["id2", "id3", "id4"]]


def test_more_than_a_frame_may_name_is_acknowledged_in_several(page: Page) -> None:
    takes(page, ready(0), sync(*(arrival(seq) for seq in range(1, 251)), seq=250))
    assert [len(ids) for ids in page.evaluate(ACKS)] == [100, 100, 50]


def test_nobody_waits_for_the_answer_that_an_acknowledgement_does_not_get(page: Page) -> None:
    takes(page, ready(1), arrival(2))
    page.clock.run_for(LONGER_THAN_A_SILENT_SERVER_GETS)
    assert page.evaluate(ACKS) == [["id2"]]
    assert page.evaluate("window.shut") is False


def test_a_refused_acknowledgement_does_not_cost_the_connection(page: Page) -> None:
    takes(page, ready(1), arrival(2), {"type": "error", "status": 503, "ref": "ack"})
    assert page.evaluate("window.sent.findLast((frame) => frame.action === 'ack').ref") == "ack"
    assert page.evaluate("window.shut") is False
