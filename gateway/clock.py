"""Times in the forms that events carry them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], float]
"""Seconds since 1970, in UTC; `time.time` outside of tests."""


_MONTHS = [
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
]


@lru_cache(maxsize=4)
def _to_the_second(seconds: int) -> str:
    # strftime's month names follow the locale; events are always English.
    moment = time.gmtime(seconds)
    month = _MONTHS[moment.tm_mon - 1]
    return (
        f"{moment.tm_mday:02d}/{month}/{moment.tm_year}:{time.strftime('%H:%M:%S', moment)} +0000"
    )


def request_time(seconds: float) -> str:
    """The form of access logs: 05/Jan/2026:10:20:30 +0000."""
    return _to_the_second(int(seconds))


def milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def iso_8601(seconds: float) -> str:
    """UTC with milliseconds: 2026-01-05T10:20:30.123Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
