"""A device's position in its person's stream of events: the rules of docs/protocol.md, with no I/O.

Whatever a server drops, repeats or reorders, each event comes out once and in order, or a `resync`
in the place of those that cannot be had any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from belfry.client.models import Event
from belfry.client.wire import read

ANSWERS = frozenset({"ready", "sync", "done", "pong", "error"})  # all other types are events

Frame = dict[str, Any]


class Lost(Exception):
    """The way to the server is of no more use, and why: open another one."""


class Stream:
    """Takes frames, and answers the events to act on.

    `seq` is the position, None before the first answer; `is_asked` says that a question waits for
    its answer, `must_ask` that one is to be asked.
    """

    def __init__(self, since: int | None = None) -> None:
        self.seq = since
        self.must_ask = True
        self._heard = 0  # the highest number of a live event that was ahead of the position
        self._heard_when_asked = 0
        self._questions = 0
        self._ref: str | None = None  # of the question that waits

    @property
    def is_asked(self) -> bool:
        return self._ref is not None

    def question(self) -> Frame:
        """The frame that asks where the inbox is, or what was missed. It replaces an older one."""
        self.must_ask = False
        self._heard_when_asked = self._heard
        self._questions += 1
        self._ref = f"sync-{self._questions}"
        return {"action": "sync", "ref": self._ref} | self.since()

    def since(self) -> dict[str, int]:
        """The position as a question names it; nothing the first time."""
        return {} if self.seq is None else {"since": self.seq}

    def take(self, frame: Frame) -> list[Event]:
        """What a frame of the socket brings. Raises Lost for the failure of the question."""
        return self._whole(self._taken, frame)

    def answer(self, frame: Frame) -> list[Event]:
        """What the answer to a question brings that was asked without `question`, over HTTP."""
        return self._whole(self._answered, frame)

    def _whole(self, take: Callable[[Frame], Iterator[Event]], frame: Frame) -> list[Event]:
        before = self.seq
        try:
            return list(take(frame))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self.seq = before  # as if it had not come: what it brought is asked for again
            raise Lost(f"a frame makes no sense: {error!r}") from None

    def _taken(self, frame: Frame) -> Iterator[Event]:
        if "seq" in frame and frame["type"] not in ANSWERS:
            yield from self._live(frame)
        elif self._ref and frame.get("ref") == self._ref:
            self._ref = None
            yield from self._answered(frame)
        elif self._ref and "type" not in frame and "message" in frame:
            raise Lost(f"the gateway says: {frame['message']}")  # a function failed, maybe ours

    def _live(self, frame: Frame) -> Iterator[Event]:
        if self.seq is None or frame["seq"] > self.seq + 1:
            self._heard = max(self._heard, frame["seq"])
            self.must_ask = not self.is_asked
        elif frame["seq"] == self.seq + 1:
            self.seq = frame["seq"]
            yield _event(frame)

    def _answered(self, frame: Frame) -> Iterator[Event]:
        before = self.seq
        if frame["type"] == "error":
            raise Lost(f"the server says: {frame['detail']}")
        if frame["type"] == "ready":
            self.seq = frame["seq"]
            yield _event(frame)
        elif frame["recovered"]:
            yield from self._recovered(frame)
        else:
            yield self._reset(frame)
        # No progress is no reason to ask the same again at once, unless more was heard meanwhile.
        is_behind = bool(frame.get("more")) or self._heard > (self.seq or 0)
        self.must_ask = is_behind and (self.seq != before or self._heard > self._heard_when_asked)

    def _recovered(self, frame: Frame) -> Iterator[Event]:
        for event in frame["events"]:
            if event["seq"] > (self.seq or 0) + 1:
                break
            yield from self._live(event)
        if (self.seq or 0) < frame["seq"]:  # it does not say what was in between
            yield self._reset(frame)

    def _reset(self, frame: Frame) -> Event:
        # The position may go back: to that of another inbox than it was.
        self.seq, self._heard = frame["seq"], 0
        return _resync(frame)


def _event(frame: Frame) -> Event:
    try:
        return read(Event, frame)
    except ValueError:
        return _resync(frame)  # an event of a form that is not known is no reason to stop for ever


def _resync(frame: Frame) -> Event:
    return Event("resync", int(frame["seq"]), int(frame["unreadCount"]))
