"""Keeps every invocation in a file of its own, to be looked at and replayed.

The files hold what the events hold, tokens and passwords too: only their owner can read them.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Full, Queue
from typing import Any

from gateway.invoker import Event, FunctionError, Invoker

log = logging.getLogger(__name__)

MOST_FILES = 1000
"""The oldest recordings go when there are more."""
MOST_WAITING = 256
"""Invocations that end while so many wait to be written are not recorded."""
CLOSE_SECONDS = 5.0

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[a-z0-9_.]+\.json")


_Item = tuple[str, Mapping[str, Any], str, Mapping[str, Any]]
"""What is written: the file's name, what is known of the invocation, its event, its outcome."""


class RecordingError(ValueError):
    """Nothing can be recorded in this folder, or this content is no recording."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An invocation: what was given, and `{"answer": …}` or `{"error": …}` as Lambda tells it."""

    function: str
    event: Event
    outcome: Mapping[str, Any]

    @classmethod
    def read(cls, content: Any) -> Recording:
        """From the JSON of a file that `Recorder` wrote.

        Raises:
            RecordingError: a part is missing.
        """
        if not isinstance(content, dict):
            raise RecordingError("it is no object")
        for name, kind in (("function", str), ("event", dict)):
            if not isinstance(content.get(name), kind):
                raise RecordingError(f"it has no {name}")
        outcome = {name: content[name] for name in ("answer", "error") if name in content}
        if len(outcome) != 1:
            raise RecordingError("it has neither answer nor error")
        return cls(content["function"], content["event"], outcome)


def failed(error: BaseException) -> Mapping[str, Any]:
    """The outcome of an invocation that gave no answer."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, FunctionError):
        kind, message = error.error_type, error.message
    return {"error": {"errorType": kind, "errorMessage": message}}


class Recorder:
    """An `Invoker` that records what another one does, into files that sort by time.

    A thread writes them: a slow or full disk neither delays nor fails an invocation.
    """

    def __init__(self, invoker: Invoker, folder: Path, *, most_files: int = MOST_FILES) -> None:
        """Raises RecordingError: the folder cannot be used."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            names = sorted(each.name for each in folder.iterdir() if _NAME.fullmatch(each.name))
        except OSError as error:
            raise RecordingError(f"--record {folder}: {error.strerror}") from error
        self._invoker = invoker
        self._folder = folder
        self._names = deque(names)
        self._most_files = most_files
        self._last = datetime.fromtimestamp(0, UTC)
        self._told: set[str] = set()
        self._waiting: Queue[_Item | None] = Queue(MOST_WAITING)
        self._writer = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._writer.start()

    async def invoke(self, function: str, event: Event) -> Any:
        """See `gateway.invoker.Invoker`."""
        at, started = self._now(), time.perf_counter()
        given = json.dumps(event)  # now, because the function may change it
        outcome: Mapping[str, Any] = {}
        try:
            answer = await self._invoker.invoke(function, event)
            outcome = {"answer": answer}
        except BaseException as error:
            outcome = failed(error)
            raise
        finally:
            spent = round((time.perf_counter() - started) * 1000, 3)
            about = {"at": at.isoformat(), "function": function, "milliseconds": spent}
            self._keep(f"{at:%Y%m%dT%H%M%S.%fZ}-{function}.json", about, given, outcome)
        return answer

    def close(self) -> None:
        """Write what waits, for 5 s at most."""
        try:
            self._waiting.put(None, timeout=CLOSE_SECONDS)
        except Full:
            return
        self._writer.join(CLOSE_SECONDS)

    def _now(self) -> datetime:
        """The time, and never the same twice, so that names differ."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last

    def _keep(self, *item: *_Item) -> None:
        try:
            self._waiting.put_nowait(item)
        except Full:
            self._tell("some invocations are not recorded: the disk is too slow for all of them")

    def _write_all(self) -> None:
        while (item := self._waiting.get()) is not None:
            name, about, given, outcome = item
            try:
                content = {**about, "event": json.loads(given), **outcome}
                self._write(self._folder / name, content)
                self._names.append(name)
                while len(self._names) > self._most_files:
                    (self._folder / self._names.popleft()).unlink(missing_ok=True)
            except OSError as error:
                self._tell(f"not everything is recorded in {self._folder}: {error.strerror}")
            except (TypeError, ValueError):
                self._tell("answers that are no JSON are not recorded")

    def _write(self, file: Path, content: dict[str, Any]) -> None:
        # Half a surrogate pair is written as it is: `json.loads` of the bytes takes it again.
        text = json.dumps(content, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
        file.touch(mode=0o600, exist_ok=False)
        try:
            file.write_bytes(text)
        except OSError:
            file.unlink()
            raise

    def _tell(self, complaint: str) -> None:
        """Say it once, not for every invocation."""
        if complaint not in self._told:
            self._told.add(complaint)
            log.warning("%s", complaint)
