"""Which dead letters a command is about: its options, and the API's filter that they make."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from belfry.model import DeadReason

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _moment(text: str) -> datetime:
    """A time, or how long ago it was: `2026-01-05T10:00:00Z`, `90s`, `30m`, `2h`, `7d`."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", text)
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no time. Write 2026-01-05T10:00:00Z, or how long ago: 30m, 2h, 7d."
        ) from None


Reason = Annotated[DeadReason | None, typer.Option("--reason", help="Only of this reason.")]
User = Annotated[
    str | None, typer.Option("--user", help="Only of this person: an id of `belfry users list`.")
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=_moment, metavar="TIME", help="Buried since: a time, or 2h."),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", parser=_moment, metavar="TIME", help="Buried before: a time, or 2h."),
]


def filter_of(
    reason: DeadReason | None, user: str | None, since: datetime | None, until: datetime | None
) -> dict[str, str]:
    """What is given, by its names in the API."""
    given: dict[str, str | None] = {
        "reason": reason.value if reason else None,
        "userId": user,
        "since": text_of(since) if since else None,
        "until": text_of(until) if until else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def text_of(moment: datetime) -> str:
    """RFC 3339, to the microsecond."""
    return moment.isoformat()


def options_of(fields: Mapping[str, str]) -> str:
    """The options that say the same, as one types them."""
    names = {"userId": "user"}
    return shlex.join(
        part for name, value in fields.items() for part in (f"--{names.get(name, name)}", value)
    )
