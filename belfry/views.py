"""Views of an inbox: which notifications a filter shows, and in which order. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from belfry.model import Notification, Place, sortable


@dataclass(frozen=True, slots=True)
class View:
    """Which notifications of an inbox: in one place, and of those what else is asked; None is any.

    `since` is the earliest time of arrival.
    """

    place: Place = Place.INBOX
    read: bool | None = None
    category: str | None = None
    priority: int | None = None
    since: datetime | None = None

    def shows(self, item: Notification) -> bool:
        """Whether this notification belongs into it."""
        return (
            item.seq is not None
            and item.gone is None
            and item.place is self.place
            and self.read in (None, item.read)
            and self.category in (None, item.category)
            and self.priority in (None, item.priority)
            and (self.since is None or item.arrived_at >= self.since)
        )


def order_of(item: Notification) -> str:
    """Where it stands in a list, as a text to compare: pinned first, then the latest arrival.

    It is also the cursor of a list: what comes after is whatever is smaller, however many new ones
    have come above meanwhile.
    """
    return f"{int(item.pinned)}{sortable(item.arrived_at)}-{item.id}"
