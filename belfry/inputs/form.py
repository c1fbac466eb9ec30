"""The form that all inputs have: strict models whose errors name each field, and shared rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from belfry.errors import FieldError, InvalidInput

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


def _cursor(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("is not a cursor of this list") from None


def _list_cursor(text: str) -> str:
    if not _ORDER.fullmatch(text):
        raise ValueError("is not a cursor of this list")
    return text


# They stand after Field in an annotation: the lengths belong to the text itself.
Text = AfterValidator(_no_nul)
Words = AfterValidator(_not_blank)
Cursor = AfterValidator(_cursor)
ListCursor = AfterValidator(_list_cursor)


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


class Query(Input):
    """Query parameters are text, so these convert."""

    model_config = ConfigDict(strict=False)


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
