"""How dead letters look in the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from textwrap import wrap
from typing import Any

from rich.text import Text

Json = Mapping[str, Any]

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


def list_lines(letters: Iterable[Json], now: datetime) -> Iterator[Text]:
    """A table: two lines each, what and why."""
    yield Text(f"{'ID':<36}  {'AGE':>6}  {'REASON':<20}  {'RETRIES':>7}", "dim")
    for letter in letters:
        age = age_of(datetime.fromisoformat(letter["buriedAt"]), now)
        reason = f"{letter['reason']:<20}"
        yield Text.assemble(
            f"{letter['id']:<36}  {age:>6}  ", (reason, "yellow"), f"  {letter['attempts']:>7}"
        )
        yield Text(f"    {printable(_why(letter))}", "dim")


def _why(letter: Json) -> str:
    person = f"for {letter['userId']}: " if "userId" in letter else ""
    times = f" ({letter['times']} times)" if letter["times"] > 1 else ""
    return f"{person}{letter['error']}{times}"


def letter_lines(letter: Json) -> Iterator[Text]:
    """All that is known of one."""
    for name, value in _facts(letter):
        yield Text.assemble((f"{name:<13} ", "bold"), printable(str(value)))
    if letter["headers"]:
        yield Text("headers", "bold")
    for name, value in letter["headers"].items():
        yield Text(f"  {printable(name)}: {printable(str(value))}")
    yield Text.assemble(("body", "bold"), f", {_size(letter)}")
    for line in _body(letter):
        yield Text(f"  {printable(line)}")


def _facts(letter: Json) -> Iterator[tuple[str, Any]]:
    yield "id", letter["id"]
    yield "reason", letter["reason"]
    yield "error", letter["error"]
    if "notificationId" in letter:
        state = letter.get("deliveryState")
        now = f"now {state}" if state else "unknown"
        yield "notification", f"{letter['notificationId']} ({now})"
    if "userId" in letter:
        yield "person", letter["userId"]
    yield "queue", letter["queue"]
    yield "retries", letter["attempts"]
    yield "deaths", letter["times"]
    yield "failed first", letter["firstAt"]
    yield "died last", letter["lastAt"]
    yield "buried", letter["buriedAt"]


def _size(letter: Json) -> str:
    size = f"{letter['bodyBytes']:,} bytes"
    size += ", as base64" if letter["bodyEncoding"] == "base64" else ""
    return size + (", its first 64 KiB" if letter["bodyIsCut"] else "")


def _body(letter: Json) -> Sequence[str]:
    text: str = letter["body"]
    if letter["bodyEncoding"] == "base64":
        return wrap(text, 76)
    try:
        content = json.loads(text)
        return json.dumps(content, indent=2, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return text.expandtabs(4).splitlines()


def age_of(then: datetime, now: datetime) -> str:
    """In the largest unit that fits: `3 d`, `2 h`, `5 min`, `40 s`."""
    age = max(now - then, timedelta())
    for name, unit in _UNITS:
        if age >= unit:
            return f"{age // unit} {name}"
    return f"{age // timedelta(seconds=1)} s"


def printable(text: str) -> str:
    """Control characters of a message do not reach the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
