"""What people and senders choose, by chance."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from belfry.changes import PERSONAL
from belfry.ports import Clock
from tests.convergence.truth import text_of
from tests.screen import Json

CATEGORIES = (None, "builds", "chat")
PLACES = (None, "archived", "snoozed")


class Choices:
    """The same ones for the same seed."""

    def __init__(self, random: Random, clock: Clock) -> None:
        self._random = random
        self._clock = clock

    def content(self) -> Json:
        category = self._random.choice(CATEGORIES)
        content = {"message": str(self._random.random()), "priority": self._random.randint(1, 5)}
        return content | ({"category": category} if category else {})

    def change(self, which: Json) -> Json:
        """Any change of these."""
        kind = self._random.choice(PERSONAL)
        return {"change": kind, **which} | ({"until": self.after(300)} if kind == "snooze" else {})

    def filter(self) -> Json:
        """One of those that a person may look through."""
        chance = self._random.random
        chosen: Json = {}
        if chance() < 0.3:
            chosen["unread"] = chance() < 0.7
        if place := self._random.choice((None, *PLACES)):
            chosen[place] = True
        if chance() < 0.2:
            chosen["category"] = self._random.choice(CATEGORIES[1:])
        if chance() < 0.1:
            chosen["priority"] = self._random.randint(1, 5)
        if chance() < 0.1:
            chosen["since"] = self.before(300)
        return chosen

    def after(self, most: float, least: float = 0.01) -> str:
        """A time that is at most so many seconds ahead."""
        return text_of(self._clock() + timedelta(seconds=self._random.uniform(least, most)))

    def before(self, most: float) -> str:
        return text_of(self._clock() - timedelta(seconds=self._random.uniform(1, most)))
