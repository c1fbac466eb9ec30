"""Views of an inbox in MongoDB: how a list is found and a count is known, at any size of an inbox.

A notification's document names all the views that show it, so one index over (person, view, order)
serves every filter without looking at what the filter leaves out:

    views: ["inbox///", "inbox/u//", "inbox//4/", "inbox/u/4/", "inbox///builds", …]

A count is the sum of stored numbers, one for each place, mark and priority: `inbox_u_4`. The
person's inbox keeps them for everything, `categories` for each category.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import product

from belfry.adapters.mongo.database import Document
from belfry.model import Notification, sortable
from belfry.views import View, order_of

Counted = Counter[tuple[str, str | None, str]]
"""How many more there are, by person, category (None: whatever it is) and key of a number."""

_PRIORITIES = range(1, 6)


def fields_of(item: Notification) -> Document:
    """What the document of a notification keeps for its lists: none for one that is gone."""
    if item.gone:
        return {"views": [], "order": order_of(item)}
    choices = product(
        ("", _mark(read=item.read)),
        ("", str(item.priority)),
        ("", item.category) if item.category else ("",),
    )
    return {"views": [_name(item.place, *each) for each in choices], "order": order_of(item)}


def query(user_id: str, view: View, *, before: str | None = None) -> Document:
    """The filter of a view; to be sorted by `order`, downwards."""
    name = _name(
        view.place,
        "" if view.read is None else _mark(read=view.read),
        str(view.priority or ""),
        view.category or "",
    )
    # The index holds what has arrived only, and MongoDB wants to be told that this is asked for.
    found: Document = {"user_id": user_id, "views": name, "seq": {"$gt": 0}}
    if view.since is not None:
        first = sortable(view.since)
        unpinned = {"order": {"$gte": f"0{first}", "$lt": "1"}}
        found["$or"] = [unpinned, {"order": {"$gte": f"1{first}"}}]
    if before is not None:
        found["order"] = {"$lt": before}
    return found


def counted(before: Iterable[Notification], after: Iterable[Notification]) -> Counted:
    """How the numbers change when notifications do; a new one is in `after` only."""
    change: Counted = Counter()
    for items, by in ((before, -1), (after, 1)):
        for item in items:
            if item.gone is None:
                key = f"{item.place}_{_mark(read=item.read)}_{item.priority}"
                change[item.user_id, None, key] += by
                if item.category:
                    change[item.user_id, item.category, key] += by
    return Counter({name: by for name, by in change.items() if by})


def sum_of(numbers: Mapping[str, int], view: View) -> int:
    """How many a view without `since` shows, by the stored numbers."""
    marks = ("r", "u") if view.read is None else (_mark(read=view.read),)
    priorities = _PRIORITIES if view.priority is None else (view.priority,)
    keys = (f"{view.place}_{mark}_{priority}" for mark in marks for priority in priorities)
    return sum(numbers.get(key, 0) for key in keys)


def _mark(*, read: bool) -> str:
    return "r" if read else "u"


def _name(place: str, mark: str, priority: str, category: str) -> str:
    # The category comes last: it may be any text, and no other part holds a slash.
    return f"{place}/{mark}/{priority}/{category}"
