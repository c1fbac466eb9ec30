"""Use case: one key, one thing, however often a request that makes it is sent.

A caller names a request by a key of its own. The first request with it acts; its answer is kept
for a day and given to all later ones. What a try makes has an id that belongs to the key, so that a
try that died after acting, before its answer was kept, leads to no second thing either.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from belfry.errors import InvalidInput, KeyReused, StillInProgress, StoreUnavailable
from belfry.model import new_id
from belfry.ports import Clock

log = logging.getLogger(__name__)

Answer = dict[str, Any]

HEADER = "Idempotency-Key"
MAX_KEY = 255

KEPT = timedelta(hours=24)
"""How long a key is remembered, from its first request on."""

LEASE = timedelta(seconds=30)
"""How long a try has the key to itself: as long as API Gateway waits for an answer. Then it is as
good as dead, and one that is not makes no second thing either, because the id is the same.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A caller's name for a request, and what tells the request from others."""

    user_id: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a key: the request that it was first used for, and the answer, once kept.

    `reserved_id` is for what the request makes; `holder` names the try that has the key.
    """

    fingerprint: bytes
    reserved_id: str
    holder: str
    answer: Mapping[str, Any] | None = None


class IdempotencyKeys(Protocol):
    """The keys of the last day."""

    def claim(self, key: Key, holder: str, now: datetime, until: datetime) -> Record:
        """Give an unused key to `holder`, whose name becomes the reserved id, until then.

        Likewise a key whose holder's time is over without an answer, if the request is the same;
        the reserved id stays. Answers what holds now: of several at once one finds itself in it.
        """

    def keep(self, key: Key, holder: str, answer: Mapping[str, Any]) -> None:
        """Remember the answer, unless another has taken the key meanwhile."""

    def release(self, key: Key, holder: str, now: datetime) -> None:
        """Let the same request be tried again at once, with the same reserved id."""

    def forget(self, key: Key, holder: str) -> None:
        """Let the key be used for anything."""


def key_of(user_id: str, key: str, request: tuple[str, str, bytes]) -> Key:
    """The key of a request: method, path with query, and body. Raises InvalidInput."""
    if not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise InvalidInput.field(HEADER, f"must have 1 to {MAX_KEY} printable characters")
    method, path, body = request
    return Key(user_id, key, sha256(f"{method} {path}\n".encode() + body).digest())


def once(
    key: Key, act: Callable[[str, bool], Answer], *, keys: IdempotencyKeys, clock: Clock
) -> tuple[Answer, bool]:
    """Act, or give the answer of the time before; says which: `True` is an answer of before.

    `act` gets the id for what it makes, and whether an earlier try may have made it; it answers
    with a `statusCode`. Only success is kept. What the caller did wrong frees the key, unless an
    earlier try may have acted; after a failure of ours, which may have come after acting, the same
    request may be tried again.

    Raises StillInProgress and KeyReused.
    """
    now, holder = clock(), new_id()
    record = keys.claim(key, holder, now, now + LEASE)
    if record.fingerprint != key.fingerprint:
        raise KeyReused(f"This {HEADER} was used for another request.")
    if record.answer is not None:
        return dict(record.answer), True
    if record.holder != holder:
        raise StillInProgress(f"The request with this {HEADER} is still being worked on.")
    answer: Answer = {"statusCode": 500}
    try:
        answer = act(record.reserved_id, record.reserved_id != holder)
    finally:
        _settle(key, record, answer, keys, clock)
    return answer, False


def _settle(key: Key, record: Record, answer: Answer, keys: IdempotencyKeys, clock: Clock) -> None:
    """Note how a try ended. Failing at it changes no answer: the lease runs out by itself."""
    status, holder = answer["statusCode"], record.holder
    is_first = record.reserved_id == holder
    try:
        if 200 <= status < 300:
            keys.keep(key, holder, answer)
        elif status < 500 and is_first:
            keys.forget(key, holder)
        else:
            keys.release(key, holder, clock())
    except StoreUnavailable as error:
        log.warning("what became of an %s was not kept: %s", HEADER, error.__cause__ or error)
