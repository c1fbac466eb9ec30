"""POSTs at a steady rate, to one runner after another, whatever becomes of those before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import cycle

import httpx

from tests.chaos.record import ACCEPTED, Person, Post, Record
from tests.runner import bearer

ANSWER_SECONDS = 20.0
CONNECT_SECONDS = 3.0


def client() -> httpx.AsyncClient:
    """As many connections as are needed: a part that hangs must not hold up the posts to others."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )


class Load:
    """Notifies people at random. Only 201 counts as accepted; what fails is not repeated."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Sequence[str],
        people: Sequence[Person],
        admin: str,
        record: Record,
        chance: random.Random,
    ) -> None:
        self._http = http
        self._urls = cycle(urls)
        self._people = people
        self._headers = bearer(admin)
        self._record = record
        self._chance = chance

    async def run(self, per_second: float, seconds: float) -> None:
        """Post until then, and wait for the last answers."""
        async with asyncio.TaskGroup() as posts:
            for number in range(int(per_second * seconds)):
                await asyncio.sleep(max(0.0, number / per_second - self._record.now()))
                posts.create_task(self._post(f"message {number}", next(self._urls)))

    async def _post(self, message: str, url: str) -> None:
        user_id = self._chance.choice(self._people).user_id
        body = {"userId": user_id, "message": message}
        began, status, id_ = self._record.now(), None, None
        try:
            answer = await self._http.post(
                f"{url}/api/notifications", json=body, headers=self._headers
            )
            status = answer.status_code
            id_ = answer.json()["id"] if status == ACCEPTED else None
        except httpx.TransportError:
            pass
        self._record.post(Post(message, user_id, began, self._record.now(), status, id_))
