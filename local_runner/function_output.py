"""What a function prints goes to the runner's stderr, each line with the function's name before it.

A thread does it: however much a function prints, it waits for the reader instead of filling the
runner's memory, and the event loop has nothing to do with it.
"""

import contextlib
import os
import sys
import threading

CHUNK_BYTES = 64 * 1024
"""Read at once, and the longest line that is kept in one piece."""


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
    lines = printed.splitlines()
    text = "".join(f"{function}: {line.decode(errors='replace')}\n" for line in lines)
    with contextlib.suppress(OSError, ValueError):  # nobody reads the runner's stderr any longer
        sys.stderr.write(text)
        sys.stderr.flush()
