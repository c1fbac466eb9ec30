"""The runner's log: a line for each request, and what functions print, for people or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from gateway.access_log import Access
from gateway.clock import iso_8601
from local_runner.execution.function_output import Printed
from local_runner.options import LogFormat

log = logging.getLogger("request")

_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}
"""By the status's hundreds, as SGR codes of a terminal."""


def log_to_standard_error(form: LogFormat) -> None:
    """Send all log records there, in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, coloured=sys.stderr.isatty()))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def formatter(form: LogFormat, *, coloured: bool) -> logging.Formatter:
    """Makes lines of log records, in colours for a terminal."""
    return _Json() if form is LogFormat.JSON else _Text(coloured=coloured)


def log_access(access: Access) -> None:
    """Write the line of a request. A push that went well has none: there may be thousands."""
    if access.function is not None or access.status >= 400:
        log.info(access)


def _words(access: Access, coloured: bool) -> str:
    colour = _COLOURS.get(access.status // 100) if coloured else None
    status = f"\x1b[{colour}m{access.status}\x1b[0m" if colour else str(access.status)
    start = "-" if access.function is None else "cold" if access.cold else "warm"
    return (
        f"{status} {access.route:<34} {access.function or '-':<28}"
        f" {access.seconds * 1e3:8.1f} ms  {start:<4}  {access.request_id}"
    )


def _fields(access: Access) -> dict[str, Any]:
    return {
        "api": access.api,
        "route": access.route,
        "function": access.function,
        "status": access.status,
        "milliseconds": round(access.seconds * 1e3, 3),
        "cold": access.cold,
        "requestId": access.request_id,
    }


class _Text(logging.Formatter):
    def __init__(self, *, coloured: bool) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, Access):
            return f"{self.formatTime(record)} {_words(record.msg, self._coloured)}"
        if isinstance(record.msg, Printed):
            return str(record.msg)
        return super().format(record)


class _Json(logging.Formatter):
    """An object on each line; `time` is RFC 3339 in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        about = {
            "time": iso_8601(record.created),
            "level": record.levelname,
            "logger": record.name,
        }
        match record.msg:
            case Access() as access:
                return _line(about | _fields(access))
            case Printed(function, lines):
                about["function"] = function
                return "\n".join(_line({**about, "message": line}) for line in lines)
        about["message"] = record.getMessage()
        if record.exc_info:
            about["exception"] = self.formatException(record.exc_info)
        return _line(about)


def _line(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)
