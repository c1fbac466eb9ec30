"""Ends the processes of functions when their runner cannot do so, because it was killed itself.

A small program of its own, which hears of each process group through a pipe. The pipe ends when the
runner does, however that came: then the groups that are left are killed. So no function has to be
willing or able to notice, and nothing is put into its process.
"""

import contextlib
import os
import signal
import subprocess
import sys


class Warden:
    """Started with the first group, and again should it be killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def guard(self, group: int) -> None:
        """Kill this process group when the runner ends."""
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """The group has ended."""
        self._groups.discard(group)
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Kill what is left, and end."""
        if self._process and self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, text: str) -> None:
        if self._process is None or self._process.poll() is not None:
            text = "".join(f"+{group}\n" for group in self._groups)
            self._process = subprocess.Popen(  # noqa: S603 - this file
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the runner
            )
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the next call starts another
            self._process.stdin.write(text.encode())
            self._process.stdin.flush()


def kill_group(group: int) -> None:
    """Kill a process group. Does nothing when it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    main()
