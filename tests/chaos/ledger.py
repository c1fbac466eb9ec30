"""The proof: what was accepted is where it belongs, once, and nothing is anywhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.api import Inbox
from tests.chaos.record import Post


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that must not be. `id` is the notification's, if it is about one."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody's device has acted on, in its order, and the contents by id."""

    user_id: str
    applied: Sequence[str]
    contents: Mapping[str, Mapping[str, Any]]
    unread: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many messages are in a queue, and how many runners do not consume it that should."""

    messages: int
    missing_consumers: int = 0

    @property
    def is_at_rest(self) -> bool:
        return not (self.messages or self.missing_consumers)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What came of a run.

    `inboxes` are by person; `stored` counts the notifications in the store, of which `on_the_way`
    are not dispatched; `queues` are the broker's; `ended` the parts that do not run any more.
    """

    posts: Sequence[Post]
    inboxes: Mapping[str, Inbox]
    devices: Sequence[Seen]
    dead_letters: Sequence[Mapping[str, Any]]
    stored: int
    on_the_way: Sequence[str]
    queues: Mapping[str, QueueState]
    ended: Sequence[str]


def wrongs(ledger: Ledger) -> Sequence[Wrong]:
    """All that is wrong; empty when nothing was lost, doubled or misplaced."""
    found: list[Wrong] = []
    for user_id, inbox in ledger.inboxes.items():
        mine = [post for post in ledger.posts if post.user_id == user_id]
        found += _in_the_inbox(user_id, inbox, mine)
        for number, device in enumerate(each for each in ledger.devices if each.user_id == user_id):
            found += _on_a_device(f"device {number + 1} of {user_id}", device, inbox)
    return [*found, *_elsewhere(ledger)]


def _in_the_inbox(user_id: str, inbox: Inbox, posts: Sequence[Post]) -> Iterator[Wrong]:
    held = Counter(item["id"] for item in inbox.items)
    accepted = {post.message: post.id for post in posts if post.id}
    for id_ in accepted.values():
        if held[id_] != 1:
            yield Wrong(f"accepted for {user_id}, and {held[id_]} times in their inbox", id_)
    # A POST without a good answer may have been stored: then it is there, but once at most.
    possible = {post.message for post in posts}
    messages = Counter(item["message"] for item in inbox.items)
    for item in inbox.items:
        message, id_ = item["message"], item["id"]
        if message not in possible or item["userId"] != user_id:
            yield Wrong(f"in the inbox of {user_id}, and not sent to them: {message!r}", id_)
        elif messages[message] > 1 or accepted.get(message, id_) != id_:
            yield Wrong(f"in the inbox of {user_id} under several ids: {message!r}", id_)
    if inbox.unread != len(inbox.items):
        yield Wrong(f"{user_id} has {len(inbox.items)} unread ones, counted as {inbox.unread}")


def _on_a_device(name: str, device: Seen, inbox: Inbox) -> Iterator[Wrong]:
    there = {item["id"] for item in inbox.items}
    times = Counter(device.applied)
    yield from (Wrong(f"never seen by {name}", id_) for id_ in sorted(there - times.keys()))
    for id_, count in times.items():
        if count > 1:
            yield Wrong(f"acted on {count} times by {name}", id_)
        if id_ not in there or device.contents[id_]["userId"] != device.user_id:
            yield Wrong(f"seen by {name}, and not in that inbox", id_)
    if device.unread != inbox.unread:
        yield Wrong(f"{name} shows {device.unread} unread ones instead of {inbox.unread}")


def _elsewhere(ledger: Ledger) -> Iterator[Wrong]:
    held = {item["id"] for inbox in ledger.inboxes.values() for item in inbox.items}
    if ledger.stored != len(held):
        yield Wrong(f"{ledger.stored} notifications are stored, and {len(held)} are in inboxes")
    yield from (Wrong("still on its way", id_) for id_ in ledger.on_the_way)
    for letter in ledger.dead_letters:
        # A push that was given up: the devices learnt of it from the next event.
        if letter.get("notificationId") not in held:
            text = f"dead letter {letter['id']}, {letter['reason']}: {letter['error']}"
            yield Wrong(f"{text}, and in no inbox", letter.get("notificationId"))
    for name, queue in ledger.queues.items():
        if queue.messages:
            yield Wrong(f"{queue.messages} messages are left in the queue {name}")
        if queue.missing_consumers:
            yield Wrong(f"{queue.missing_consumers} of the runners do not consume {name} any more")
    yield from (Wrong(f"{name} has ended by itself") for name in ledger.ended)
