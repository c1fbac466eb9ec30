"""What people may ask of their inbox, by HTTP and by WebSocket."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    Json,
    model_validator,
)

from belfry.changes import PERSONAL, Change, ChangeKind
from belfry.inputs.form import Input, ListCursor, Query, Text, Words
from belfry.model import Place
from belfry.views import View


def _personal(text: str) -> str:
    if text not in PERSONAL:
        raise ValueError(f"must be one of {', '.join(PERSONAL)}")
    return text


class Mark(Input):
    """PUT /api/notifications/{id}."""

    read: bool = True


class Filter(Input):
    """Which notifications of an inbox; what is left out does not matter, but for the place."""

    unread: bool | None = None
    archived: bool = False
    snoozed: bool = False
    category: Annotated[str, Field(min_length=1, max_length=64), Words] | None = None
    priority: Annotated[int, Field(ge=1, le=5)] | None = None
    since: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.archived and self.snoozed:
            raise ValueError("/snoozed: nothing is both archived and snoozed")
        return self

    def view(self) -> View:
        place = Place.ARCHIVED if self.archived else Place.INBOX
        return View(
            place=Place.SNOOZED if self.snoozed else place,
            read=None if self.unread is None else not self.unread,
            category=self.category,
            priority=self.priority,
            since=self.since,
        )


class InboxQuery(Filter):
    """GET /api/notifications."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 10
    cursor: Annotated[str, Field(max_length=128), ListCursor] | None = None


def _one_since(filters: list[Filter]) -> list[Filter]:
    with_since = [number for number, each in enumerate(filters) if each.since is not None]
    if len(with_since) > 1:
        raise ValueError(f"/{with_since[1]}/since: only one of the filters may have it")
    return filters


class CountsQuery(Query):
    """GET /api/inbox/counts. The filters come as JSON.

    What a filter with `since` shows is counted one by one, so a call has no more than one of them.
    """

    filters: Json[
        Annotated[list[Filter], Field(min_length=1, max_length=20), AfterValidator(_one_since)]
    ]


class EventsQuery(Query):
    """GET /api/inbox/events."""

    since: Annotated[int, Field(ge=0, le=2**53)] | None = None
    wait: Annotated[int, Field(ge=0, le=25)] = 0


class InboxChange(Input):
    """POST /api/inbox/changes."""

    change: Annotated[str, Field(max_length=16), AfterValidator(_personal)]
    ids: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=64), Text]],
            Field(min_length=1, max_length=100),
        ]
        | None
    ) = None
    filter: Filter | None = None
    cursor: Annotated[str, Field(max_length=128), ListCursor] | None = None
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("/ids: either ids or a filter says which notifications")
        if self.cursor is not None and self.filter is None:
            raise ValueError("/cursor: only a filter goes on somewhere")
        if (self.change == ChangeKind.SNOOZE) != (self.until is not None):
            raise ValueError("/until: a snooze has it, and nothing else")
        return self

    def which(self) -> list[str] | View:
        return self.filter.view() if self.filter else list(self.ids or ())

    def asked(self) -> Change:
        return Change(ChangeKind(self.change), until=self.until)


class SyncFrame(Input):
    """The action `sync`."""

    action: str
    ref: Annotated[str, Field(max_length=64)] | None = None
    since: Annotated[int, Field(ge=0, le=2**53)] | None = None


class ReadFrame(Input):
    """The action `read`."""

    action: str
    ref: Annotated[str, Field(max_length=64)] | None = None
    id: Annotated[str, Field(min_length=1, max_length=64), Text]
    read: bool = True


class ChangeFrame(InboxChange):
    """The action `change`."""

    action: str
    ref: Annotated[str, Field(max_length=64)] | None = None


class AckFrame(Input):
    """The action `ack`."""

    action: str
    ref: Annotated[str, Field(max_length=64)] | None = None
    ids: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64), Text]],
        Field(min_length=1, max_length=100),
    ]
