"""A function as its host calls it: Lambda, the local runner, or a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from belfry.wiring import Deps, deps

Event = Mapping[str, Any]
Answer = TypeVar("Answer")


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
