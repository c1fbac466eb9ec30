"""Between the JSON of the API (camelCase, RFC 3339) and Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: Callable[..., T], content: Mapping[str, Any]) -> T:
    """Make the dataclass of a JSON object. Raises ValueError when a field is missing or no such."""
    try:
        values = {
            name: _value(hint, content[key])
            for name, key, hint in _fields(kind)
            if content.get(key) is not None
        }
        return kind(**values)
    except (TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None


@cache
def _fields(kind: Any) -> list[tuple[str, str, Any]]:
    """Each field's name here and in JSON, and its type without None."""
    hints = get_type_hints(kind)
    return [(each.name, camel(each.name), _known(hints[each.name])) for each in fields(kind)]


def _known(hint: Any) -> Any:
    known = [each for each in get_args(hint) if each is not type(None)]
    return known[0] if type(None) in get_args(hint) else hint


def _value(hint: Any, value: Any) -> Any:
    if hint is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(hint):
        return read(hint, value)  # type: ignore[arg-type]  # of a class, never of an instance
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], each) for each in value)
    return value


def camel(name: str) -> str:
    """`deliver_at` is `deliverAt` on the wire."""
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def write(values: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of what is given (not None). Raises ValueError for a time without zone."""
    return {
        camel(name): _text(name, value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


def _text(name: str, moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone: write datetime.now(UTC), not datetime.now()")
    return moment.astimezone(UTC).isoformat()
