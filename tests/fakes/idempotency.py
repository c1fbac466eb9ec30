"""The fake of the port `IdempotencyKeys`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from belfry.idempotency import KEPT, Key, Record

if TYPE_CHECKING:
    from tests.fakes import Memory


class FakeIdempotencyKeys:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._turns = Lock()

    def claim(self, key: Key, holder: str, now: datetime, until: datetime) -> Record:
        table, place = self._memory.tables.idempotency_keys, (key.user_id, key.key)
        with self._turns:
            known, leased_until, expires_at = table.get(place, (None, now, now))
            if known is None or expires_at <= now:
                record = Record(key.fingerprint, holder, holder)
                table[place] = record, until, now + KEPT
            elif (
                known.fingerprint == key.fingerprint
                and known.answer is None
                and leased_until <= now
            ):
                table[place] = replace(known, holder=holder), until, expires_at
            return table[place][0]

    def keep(self, key: Key, holder: str, answer: Mapping[str, Any]) -> None:
        table, place = self._memory.tables.idempotency_keys, (key.user_id, key.key)
        if self._holds(key, holder):
            record, leased_until, expires_at = table[place]
            table[place] = replace(record, answer=answer), leased_until, expires_at

    def release(self, key: Key, holder: str, now: datetime) -> None:
        table, place = self._memory.tables.idempotency_keys, (key.user_id, key.key)
        if self._holds(key, holder):
            record, _, expires_at = table[place]
            table[place] = record, now, expires_at

    def forget(self, key: Key, holder: str) -> None:
        if self._holds(key, holder):
            del self._memory.tables.idempotency_keys[key.user_id, key.key]

    def _holds(self, key: Key, holder: str) -> bool:
        known = self._memory.tables.idempotency_keys.get((key.user_id, key.key))
        return known is not None and known[0].holder == holder
