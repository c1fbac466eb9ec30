"""What callers may send: the bodies and parameters, with the rules that each field keeps.

The same rules stand in openapi.yaml for readers; a test compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasGenerator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    Json,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from belfry.broadcast import Audience, AudienceKind, is_topic
from belfry.changes import PERSONAL, Change, ChangeKind, Content
from belfry.errors import FieldError, InvalidInput
from belfry.model import DeadLetterFilter, DeadReason, Place
from belfry.views import View

MAX_CONTENT_BYTES = 32 * 1024
"""A notification's content as JSON: what Amazon API Gateway bills as one WebSocket message."""


_ORDER = re.compile(r"[01][0-9a-f]{12}-[0-9a-f-]{36}")
"""What `belfry.views.order_of` makes."""


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL characters")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return _no_nul(text)


def _email(text: str) -> str:
    email = text.strip().lower()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or "@" in local or any(c.isspace() for c in email):
        raise ValueError("must be an e-mail address, such as ada@example.com")
    if not email.isprintable():
        raise ValueError("must not contain control characters")
    return email


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


def _cursor(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("is not a cursor of this list") from None


def _list_cursor(text: str) -> str:
    if not _ORDER.fullmatch(text):
        raise ValueError("is not a cursor of this list")
    return text


def _personal(text: str) -> str:
    if text not in PERSONAL:
        raise ValueError(f"must be one of {', '.join(PERSONAL)}")
    return text


def _topic(text: str) -> str:
    if not is_topic(text):
        raise ValueError("must be of a-z, 0-9, dot, hyphen and underscore")
    return text


def _true(value: bool) -> bool:
    if not value:
        raise ValueError("must be true, if it is there")
    return value


def _reason(text: str) -> str:
    if text not in set(DeadReason):
        raise ValueError(f"must be one of {', '.join(DeadReason)}")
    return text


# They stand after Field in an annotation: the lengths belong to the text itself.
Text = AfterValidator(_no_nul)
Words = AfterValidator(_not_blank)


class Input(BaseModel):
    """Strict: no unknown fields, no conversions, no NaN. camelCase on the wire."""

    MAX_BYTES: ClassVar[int] = 64 * 1024
    """Of a body; a larger one is not read."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        alias_generator=AliasGenerator(alias=to_camel),
        hide_input_in_errors=True,
        # Built when first used: a cold start pays only for the model that its function needs.
        defer_build=True,
    )

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a body or a frame. Raises InvalidInput, which names each field and why."""
        with _explained(root="/"):
            return cls.model_validate_json(text)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Read query parameters, or fields from elsewhere. Raises InvalidInput."""
        with _explained(root=""):
            return cls.model_validate(fields)


@contextmanager
def _explained(root: str) -> Iterator[None]:
    """Turn pydantic's error into ours. `root` begins the pointers: `/` in a body."""
    try:
        yield
    except ValidationError as error:
        found = tuple(_field_error(item["loc"], item["msg"], root) for item in error.errors())
        name = found[0].pointer.removeprefix("/") or "body"
        raise InvalidInput(f"{name}: {found[0].detail}", found) from None


def _field_error(location: tuple[int | str, ...], message: str, root: str) -> FieldError:
    message = message.removeprefix("Value error, ")
    # A rule about several fields names the one to change: "/password: must not be …".
    named, separator, detail = message.partition(": ")
    if separator and named.startswith("/"):
        location, message = (*location, *named.removeprefix("/").split("/")), detail
    if not location:
        return FieldError("", message)
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return FieldError(root + "/".join(escaped), message)


class Registration(Input):
    """POST /api/register."""

    username: Annotated[str, Field(min_length=1, max_length=64), Words]
    email: Annotated[str, Field(min_length=3, max_length=254), Text, AfterValidator(_email)]
    password: Annotated[str, Field(min_length=8, max_length=128, repr=False), Text]

    @model_validator(mode="after")
    def _password_is_a_secret(self) -> Registration:
        known = {self.username.strip().lower(), self.email, self.email.partition("@")[0]}
        if self.password.strip().lower() in known:
            raise ValueError("/password: must not be the e-mail address or the name")
        return self


class Credentials(Input):
    """POST /api/login. The rules are loose, so that only the answer tells what is wrong."""

    email: Annotated[str, Field(min_length=1, max_length=254), Text]
    password: Annotated[str, Field(min_length=1, max_length=128, repr=False), Text]


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


class BroadcastsQuery(Input):
    """GET /api/broadcasts. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), AfterValidator(_cursor)] | None = None


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
    """GET /api/notifications. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 10
    cursor: Annotated[str, Field(max_length=128), AfterValidator(_list_cursor)] | None = None


def _one_since(filters: list[Filter]) -> list[Filter]:
    with_since = [number for number, each in enumerate(filters) if each.since is not None]
    if len(with_since) > 1:
        raise ValueError(f"/{with_since[1]}/since: only one of the filters may have it")
    return filters


class CountsQuery(Input):
    """GET /api/inbox/counts. The filters come as JSON.

    What a filter with `since` shows is counted one by one, so a call has no more than one of them.
    """

    model_config = ConfigDict(strict=False)

    filters: Json[
        Annotated[list[Filter], Field(min_length=1, max_length=20), AfterValidator(_one_since)]
    ]


class EventsQuery(Input):
    """GET /api/inbox/events."""

    model_config = ConfigDict(strict=False)

    since: Annotated[int, Field(ge=0, le=2**53)] | None = None
    wait: Annotated[int, Field(ge=0, le=25)] = 0


class ScheduledQuery(Input):
    """GET /api/scheduled."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=128), AfterValidator(_list_cursor)] | None = None


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
    cursor: Annotated[str, Field(max_length=128), AfterValidator(_list_cursor)] | None = None
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


class Redrive(Input):
    """POST /api/dead-letters/redrive: which ones."""

    reason: Annotated[str, Field(max_length=64), AfterValidator(_reason)] | None = None
    user_id: Annotated[str, Field(min_length=1, max_length=64), Text] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def filter(self) -> DeadLetterFilter:
        reason = None if self.reason is None else DeadReason(self.reason)
        return DeadLetterFilter(reason, self.user_id, self.since, self.until)


class DeadLettersQuery(Redrive):
    """GET /api/dead-letters. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), AfterValidator(_cursor)] | None = None


class UsersQuery(Input):
    """GET /api/users. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    search: Annotated[str, Field(min_length=1, max_length=254), Text] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), AfterValidator(_cursor)] | None = None


class OnlineQuery(Input):
    """GET /api/online. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), AfterValidator(_cursor)] | None = None


class StatisticsQuery(Input):
    """GET /api/statistics. Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)

    minutes: Annotated[int, Field(ge=1, le=60)] = 15


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
