"""A function as its host calls it: Lambda, the local runner, or a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar, cast

from belfry.wiring import Deps, deps

Event = Mapping[str, Any]
SecondsLeft = Callable[[], float]
"""How many seconds the function has until its time is over."""

Answer = TypeVar("Answer")


class Context(Protocol):
    """Of the second argument of a handler what is used here."""

    def get_remaining_time_in_millis(self) -> int: ...


class Function(Generic[Answer]):
    """What an event does, given the parts of this process. Connects to nothing until called."""

    def __init__(
        self, run: Callable[[Event, Deps], Answer], parts: Callable[[], Deps] = deps
    ) -> None:
        self._run = run
        self._parts = parts
        self.__doc__ = run.__doc__

    def __call__(self, event: Event, context: object) -> Answer:
        return self._run(event, self._parts())

    def using(self, parts: Deps) -> Function[Answer]:
        """The same function with other parts: `handler.using(fakes)(event, context)`."""
        return Function(self._run, lambda: parts)


class TimedFunction(Function[Answer]):
    """One that minds how much of its time is left."""

    def __init__(
        self, run: Callable[[Event, Deps, SecondsLeft], Answer], parts: Callable[[], Deps] = deps
    ) -> None:
        self._timed = run
        self._parts = parts
        self.__doc__ = run.__doc__

    def __call__(self, event: Event, context: object) -> Answer:
        given = cast(Context, context)
        return self._timed(
            event, self._parts(), lambda: given.get_remaining_time_in_millis() / 1000
        )

    def using(self, parts: Deps) -> TimedFunction[Answer]:
        return TimedFunction(self._timed, lambda: parts)
