"""What a function prints goes to the runner's log.

A thread does it: however much a function prints, it waits for the reader instead of filling the
runner's memory, and the event loop has nothing to do with it.
"""

import logging
import os
import threading
from dataclasses import dataclass

log = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024
"""Read at once, and the longest line that is kept in one piece."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Lines of a function, whole. One record for many: a function may print without end."""

    function: str
    lines: list[str]

    def __str__(self) -> str:
        return "\n".join(f"{self.function}: {line}" for line in self.lines)


def open_output(function: str) -> int:
    """A file descriptor to print to. Everybody who has it must close it."""
    reading, writing = os.pipe()
    name = f"output-{function}"
    threading.Thread(target=_copy, args=(reading, function), name=name, daemon=True).start()
    return writing


def _copy(descriptor: int, function: str) -> None:
    rest = b""
    with open(descriptor, "rb", buffering=0) as printed:
        while chunk := printed.read(CHUNK_BYTES):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if len(rest) >= CHUNK_BYTES:
                whole, newline, rest = whole + newline + rest, b"", b""
            _write(whole + newline, function)
    _write(rest, function)


def _write(printed: bytes, function: str) -> None:
    # AWS's runtime client parts the lines of a traceback by \r, which splitlines takes as well.
    lines = printed.decode(errors="replace").splitlines()
    if lines:
        log.info(Printed(function, lines))
