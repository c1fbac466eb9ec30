"""Use cases of a person: follow topics, which broadcasts may go to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from belfry.broadcast import is_topic
from belfry.errors import InvalidInput
from belfry.model import Caller

MOST_TOPICS = 1000
"""So many one person may follow."""


class Subscriptions(Protocol):
    """Who follows which topic."""

    def add(self, user_id: str, topic: str) -> None:
        """From now on; adding it again changes nothing."""

    def remove(self, user_id: str, topic: str) -> None: ...

    def of(self, user_id: str, limit: int) -> Sequence[str]:
        """Up to `limit` topics that this person follows, in the order of the alphabet."""


def subscribe(caller: Caller, topic: str, *, subscriptions: Subscriptions) -> None:
    """Follow a topic. Raises InvalidInput for a name that is none, and for one too many."""
    _check(topic)
    followed = subscriptions.of(caller.user_id, MOST_TOPICS)
    if len(followed) >= MOST_TOPICS and topic not in followed:
        raise InvalidInput.field("topic", f"you follow {MOST_TOPICS} topics, which is the most")
    subscriptions.add(caller.user_id, topic)


def unsubscribe(caller: Caller, topic: str, *, subscriptions: Subscriptions) -> None:
    """Follow it no more. Raises InvalidInput for a name that is none."""
    _check(topic)
    subscriptions.remove(caller.user_id, topic)


def followed_by(caller: Caller, *, subscriptions: Subscriptions) -> Sequence[str]:
    """The topics that a person follows."""
    return subscriptions.of(caller.user_id, MOST_TOPICS)


def _check(topic: str) -> None:
    if not is_topic(topic):
        raise InvalidInput.field("topic", "must be 1 to 64 of a-z, 0-9, dot, hyphen and underscore")
