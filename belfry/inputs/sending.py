"""What senders may send."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    model_validator,
)

from belfry.broadcast import Audience, AudienceKind, is_topic
from belfry.changes import Content
from belfry.inputs.form import Cursor, Input, ListCursor, Query, Text, Words

MAX_CONTENT_BYTES = 32 * 1024
"""A notification's content as JSON: what Amazon API Gateway bills as one WebSocket message."""


def _link(text: str) -> str:
    if not text.isprintable() or any(c.isspace() for c in text) or "\\" in text:
        raise ValueError("must not contain spaces, backslashes or control characters")
    is_path = text.startswith("/") and not text.startswith("//")
    if not (is_path or text.lower().startswith(("https://", "http://"))):
        raise ValueError("must begin with https://, http:// or a single slash")
    return text


def _json(data: dict[str, Any]) -> dict[str, Any]:
    try:
        # pydantic's parser takes NaN and 1e999, and leaves what is inside Any as it is.
        json.dumps(data, allow_nan=False)
    except ValueError:
        raise ValueError("must not contain NaN, Infinity or numbers beyond 1e308") from None
    return data


def _topic(text: str) -> str:
    if not is_topic(text):
        raise ValueError("must be of a-z, 0-9, dot, hyphen and underscore")
    return text


def _true(value: bool) -> bool:
    if not value:
        raise ValueError("must be true, if it is there")
    return value


class NewContent(Input):
    """PUT /api/notifications/{id}/content, and a part of what is sent."""

    message: Annotated[str, Field(min_length=1, max_length=MAX_CONTENT_BYTES), Words]
    title: Annotated[str, Field(min_length=1, max_length=200), Words] | None = None
    category: Annotated[str, Field(min_length=1, max_length=64), Words] | None = None
    priority: Annotated[int, Field(ge=1, le=5)] = 3
    link: Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_link)] | None = None
    data: Annotated[dict[str, Any], AfterValidator(_json)] | None = None

    @model_validator(mode="after")
    def _content_fits(self) -> Self:
        text = self.model_dump_json(include=set(NewContent.model_fields), exclude_none=True)
        size = len(text.encode())
        if size > MAX_CONTENT_BYTES:
            raise ValueError(f"the content has {size} bytes; at most {MAX_CONTENT_BYTES} are taken")
        return self

    def content(self) -> Content:
        return Content(
            message=self.message,
            title=self.title,
            category=self.category,
            priority=self.priority,
            link=self.link,
            data=self.data,
        )


class NewNotification(NewContent):
    """POST /api/notifications."""

    user_id: Annotated[str, Field(min_length=1, max_length=64), Text]
    deliver_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class NamedPeople(Input):
    """To whom a broadcast goes: in one of three ways."""

    user_ids: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=64), Text]],
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = None
    topic: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_topic)] | None = None
    everybody: Annotated[bool, AfterValidator(_true)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.user_ids, self.topic, self.everybody)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("must have one of userIds, topic and everybody")
        return self

    def audience(self) -> Audience:
        """The people, each once."""
        if self.user_ids is not None:
            return Audience(AudienceKind.USERS, user_ids=tuple(sorted(set(self.user_ids))))
        if self.topic is not None:
            return Audience(AudienceKind.TOPIC, topic=self.topic)
        return Audience(AudienceKind.EVERYBODY)


class NewBroadcast(NewContent):
    """POST /api/broadcasts."""

    MAX_BYTES = 128 * 1024

    to: NamedPeople
    deliver_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class BroadcastsQuery(Query):
    """GET /api/broadcasts."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), Cursor] | None = None


class ScheduledQuery(Query):
    """GET /api/scheduled."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=128), ListCursor] | None = None
