"""What a device shows of an inbox: one list, as far as it was loaded, and the badge. Pure.

Follows docs/protocol.md. It takes frames and pages, and says when it is time to ask (`needs_sync`)
and to load the list again (`stale`); how to do so is the business of who holds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Order = tuple[bool, str, str]

GONE = {"deleted", "withdrawn", "expired"}
NOTHING_LOADED: Order = (True, "~", "")
"""Above everything: a time begins with a digit."""


class Screen:
    """`shown` is the filter of the list, in the words of the API.

    `counted` counts what happened to it, so that a test can see that it saw something.
    """

    def __init__(self, **shown: Any) -> None:
        self.shown = shown
        self.seq: int | None = None
        self.unread = 0
        self.stale = True
        self.cursor: str | None = None
        self.counted: Counter[str] = Counter()
        self._items: dict[str, Json] = {}
        self._reach: Order | None = NOTHING_LOADED
        self._heard = 0
        self._asking = False

    @property
    def items(self) -> list[Json]:
        """What is to be seen, from the top."""
        return sorted(self._items.values(), key=order_of, reverse=True)

    @property
    def is_whole(self) -> bool:
        """Whether the list is loaded to its end."""
        return self._reach is None

    @property
    def needs_sync(self) -> bool:
        return not self._asking and (self.seq is None or self._heard > self.seq)

    def question(self) -> Json:
        """The frame that asks for what was missed."""
        self._asking = True
        # The answer covers what was heard before; only what comes from now on may be ahead of it.
        self._heard = 0
        return {"action": "sync"} | ({} if self.seq is None else {"since": self.seq})

    def disconnected(self) -> None:
        """What was asked will not be answered."""
        self._asking = False

    def begin(self, **shown: Any) -> None:
        """Load from the beginning, by this filter; the pages follow."""
        self.shown, self.stale, self.cursor = shown, False, None
        self._items, self._reach = {}, NOTHING_LOADED

    def query(self) -> dict[str, str]:
        """The parameters of the next page, but for its size."""
        texts = {
            name: value if isinstance(value, str) else str(value).lower()
            for name, value in self.shown.items()
        }
        return texts | ({"cursor": self.cursor} if self.cursor else {})

    def add_page(self, page: Json) -> None:
        """A page of `GET /api/notifications`, which may be ahead of the events seen so far."""
        self._items |= {item["id"]: item for item in page["items"]}
        self.cursor = page["nextCursor"]
        reach = order_of(page["items"][-1]) if self.cursor else None
        assert reach is None or self._reach is None or reach < self._reach, "pages lead down"
        self._reach = reach

    def take(self, frame: Json) -> list[Json]:
        """Act on a frame of the server; answers the events that it acted on, each once for ever."""
        match frame.get("type"):
            case "ready":
                self._asking = False
                self.seq, self.unread = frame["seq"], frame["unreadCount"]
            case "sync":
                return self._sync(frame)
            case _ if "seq" in frame:
                self._heard = max(self._heard, frame["seq"])
                return [frame] if self._apply(frame) else []
        return []

    def _sync(self, frame: Json) -> list[Json]:
        self._asking = False
        self.counted["recovered" if frame["recovered"] else "lost"] += 1
        if not frame["recovered"]:
            self.stale = True
        elif frame["more"]:
            self._heard = max(self._heard, frame["seq"] + 1)
        acted = [event for event in frame["events"] if self._apply(event)]
        # Events that came meanwhile may have led further than this answer.
        if not frame["recovered"] or self.seq is None or frame["seq"] >= self.seq:
            self.seq, self.unread = frame["seq"], frame["unreadCount"]
        return acted

    def _apply(self, event: Json) -> bool:
        if self.seq is None or event["seq"] != self.seq + 1:
            return False
        self.seq, self.unread = event["seq"], event["unreadCount"]
        self.counted[event["type"]] += 1
        given = {item["id"]: item for item in event.get("notifications", ())}
        if event["type"] not in _KNOWN:
            self.stale = True
        for id_ in event.get("ids", given):
            if event["type"] in GONE:
                self._items.pop(id_, None)
            else:
                self._change(id_, event, given.get(id_))
        return True

    def _change(self, id_: str, event: Json, given: Json | None) -> None:
        effect = _EFFECTS.get(event["type"])
        known = self._items.get(id_)
        if given is None and known is not None and effect is not None:
            changed = known | effect(event)
            given = {name: value for name, value in changed.items() if value is not None}
        if given is None:
            self.stale = self.stale or self._may_bring(event["type"])
        elif shows(self.shown, given) and (self._reach is None or order_of(given) >= self._reach):
            self._items[id_] = given
        else:
            self._items.pop(id_, None)

    def _may_bring(self, kind: str) -> bool:
        """Whether what is unknown may be in the loaded part of the list, after such an event."""
        may: dict[str, bool] = {
            "updated": True,
            "pinned": True,
            "read": self.shown.get("unread") is False,
            "unread": self.shown.get("unread") is True,
            "archived": self.shown.get("archived", False),
            "snoozed": self.shown.get("snoozed", False),
            "unarchived": place_of(self.shown) == "inbox",
            "unsnoozed": place_of(self.shown) == "inbox",
        }
        return may.get(kind, False)


_EFFECTS: dict[str, Callable[[Json], Json]] = {
    "read": lambda event: {"read": True, "readAt": event["at"]},
    "unread": lambda event: {"read": False, "readAt": None},
    "archived": lambda event: {"archived": True, "snoozedUntil": None},
    "unarchived": lambda event: {"archived": False},
    "snoozed": lambda event: {"snoozedUntil": event["until"], "archived": False},
    "unsnoozed": lambda event: {"snoozedUntil": None, "arrivedAt": event["at"]},
    "pinned": lambda event: {"pinned": True},
    "unpinned": lambda event: {"pinned": False},
}
_KNOWN = {*_EFFECTS, *GONE, "notification", "updated"}


def order_of(item: Json) -> Order:
    """Where it stands in a list; the greatest first."""
    return item["pinned"], item["arrivedAt"], item["id"]


def place_of(filter_: Mapping[str, Any]) -> str:
    """The one of three places that a filter shows."""
    if filter_.get("archived"):
        return "archived"
    return "snoozed" if filter_.get("snoozed") else "inbox"


def shows(filter_: Mapping[str, Any], item: Json) -> bool:
    """Whether a list with this filter shows the notification."""
    place = "archived" if item["archived"] else "snoozed" if "snoozedUntil" in item else "inbox"
    return bool(
        place == place_of(filter_)
        and filter_.get("unread") in (None, not item["read"])
        and filter_.get("category") in (None, item.get("category"))
        and filter_.get("priority") in (None, item["priority"])
        and item["arrivedAt"] >= filter_.get("since", "")
    )
