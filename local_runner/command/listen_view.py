"""How the events of an inbox look in the terminal: a line each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from belfry.client import Event, Notification

REMEMBERED = 1000
LONGEST = 60

_SAID = {
    "unread": "unread again",
    "unarchived": "out of the archive",
    "unsnoozed": "back from its snooze",
    "updated": "edited",
}
"""What is said of an event; any other by its own name."""


class View:
    """Remembers what it has shown, to name a notification by its words instead of its id."""

    def __init__(self, email: str) -> None:
        self._email = email
        self._words: dict[str, str] = {}

    def lines(self, event: Event) -> Iterator[Text]:
        """What to show of an event. Times are those of this machine's zone."""
        for item in event.notifications:
            self._remember(item)
        match event.type:
            case "ready":
                yield Text.assemble(
                    ("listening", "green"),
                    f" as {self._email}, {event.unread_count} unread. Ctrl-C ends it.",
                )
            case "resync":
                yield self._line(event, ("too much was missed to show it", "yellow"))
            case "changed":
                yield self._line(event, "more than 100 were changed at once")
            case "notification":
                for item in event.notifications:
                    yield self._line(event, ("● ", "cyan"), _text(item), _details(item))
            case _:
                yield self._line(event, f"{self._what(event)}: {self._which(event)}")

    def _line(self, event: Event, *parts: str | tuple[str, str]) -> Text:
        at = (event.at or datetime.now(UTC)).astimezone()
        unread = (f"  · {event.unread_count} unread", "dim")
        return Text.assemble((f"{at:%H:%M:%S} ", "dim"), *parts, unread)

    def _what(self, event: Event) -> str:
        until = f" until {event.until.astimezone():%Y-%m-%d %H:%M}" if event.until else ""
        return printable(_SAID.get(event.type, event.type)) + until

    def _which(self, event: Event) -> str:
        """All by their words, or the first few and how many more."""
        names = [self._words.get(id_) or printable(id_) for id_ in event.ids]
        more = f", and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(map(_short, names[:3])) + more

    def _remember(self, item: Notification) -> None:
        self._words.pop(item.id, None)  # an edited one counts as new
        self._words[item.id] = _text(item)
        if len(self._words) > REMEMBERED:
            del self._words[next(iter(self._words))]


def _text(item: Notification) -> str:
    return printable(f"{item.title}: {item.message}" if item.title else item.message)


def _details(item: Notification) -> tuple[str, str]:
    """What it is about, how urgent it is when it is not as usual, and where it leads."""
    priority = f"priority {item.priority}" if item.priority != 3 else None
    given = [printable(each) for each in (item.category, priority, item.link) if each]
    return f"  ({', '.join(given)})" if given else "", "dim"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def printable(text: str) -> str:
    """A text whose control characters do not reach the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
