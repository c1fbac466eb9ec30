"""One person, five devices, and all that can happen to an inbox, in an order that a seed decides.

The functions and MongoDB are real; the clock, the network and the queue are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from belfry.adapters.mongo.database import Database
from belfry.errors import QueueUnavailable
from belfry.model import Notification, Role, User, new_id
from belfry.ports import Message
from belfry.retry import RetryPolicy
from belfry.topology import DEAD_LETTERS
from belfry.wiring import Deps
from functions.dispatch.deliver import handler as deliver
from functions.dispatch.due import handler as due
from functions.dispatch.sweep import handler as sweep
from functions.notifications.create import handler as create
from functions.notifications.replace import handler as replace
from functions.notifications.withdraw import handler as withdraw
from tests.convergence.choices import Choices
from tests.convergence.network import Network
from tests.convergence.phone import Phone
from tests.fakes import FakeClock, FakeQueue
from tests.screen import Json
from tests.unit.events import Answer, call, http_event, queue_event, queue_record

DEVICES = 5
BEFORE = 150


class World:
    """`operate` and `go_on` in turn, then `come_to_rest`. `counted` is how messages fared."""

    def __init__(self, database: Database, seed: int) -> None:
        self.random = Random(seed)
        self.user_id = f"person {seed}"
        # Microseconds and all; MongoDB forgets by its own clock what is old by this one.
        self.clock = FakeClock(datetime.now(UTC))
        self.choose = Choices(self.random, self.clock)
        self.network = Network(self.random)
        self.queue = FakeQueue()
        self.parts = Deps(
            database=database,
            clock=self.clock,
            queue=self.queue,
            pusher=self.network,
            retry=RetryPolicy(),
        )
        person = User(self.user_id, "Ada", "ada@example.com", Role.USER, self.clock())
        self.parts.users.add(person, password_hash="")
        self.counted: Counter[str] = Counter()
        self._backlog: list[Message] = []
        self._sent = self._history()
        self.phones = [Phone(self, f"device {number}") for number in range(DEVICES)]
        for phone in self.phones:
            phone.connect()

    def _history(self) -> list[str]:
        """So many that a change of all of them names none."""
        now, chance = self.clock(), self.random
        ids = [new_id() for _ in range(BEFORE)]
        for number, id_ in enumerate(ids):
            item = Notification(id_, self.user_id, str(number), now, priority=chance.randint(1, 5))
            self.parts.outbox.add(item, dispatch_by=now)
        self.sweep()
        while self._backlog:
            self.dispatch(BEFORE)
        return ids

    # What a device or a sender does.

    def operate(self) -> None:
        """One operation."""
        acts = {
            self.send: 30,
            self.change_some: 45,
            self.change_all: 5,
            self.mark_one: 12,
            self.edit: 5,
            self.take_back: 3,
        }
        self.random.choices(list(acts), weights=list(acts.values()))[0]()

    def send(self) -> None:
        body = self.choose.content() | {"userId": self.user_id}
        if self.random.random() < 0.1:
            body["deliverAt"] = self.choose.after(60)
        if self.random.random() < 0.2:
            body["expiresAt"] = self.choose.after(600, least=61)
        self.queue.down = self.random.random() < 0.03
        made = self.admin(create, "POST", "/api/notifications", body)
        self.queue.down = False
        assert made.status == 201, made.body
        self._sent.append(made.body["id"])
        self._enqueue(self.queue.take(), copies=self.random.choice((1, 1, 2, 3)))

    def change_some(self) -> None:
        phone = self.random.choice(self.phones)
        shown = [item["id"] for item in phone.screen.items]
        if shown:
            ids = self.random.sample(shown, min(len(shown), self.random.choice((1, 1, 2, 7))))
            phone.change(self.choose.change({"ids": ids}))

    def change_all(self) -> None:
        wide = self.random.random() < 0.4
        filter_ = {} if wide else self.choose.filter() | {"priority": self.random.randint(1, 5)}
        asked = self.choose.change({"filter": filter_})
        # All of it only seldom, or every list would be empty for most of the time.
        if (
            wide
            and asked["change"] in ("delete", "archive", "snooze")
            and self.random.random() < 0.8
        ):
            asked = {"change": "read", "filter": {}}
        self.random.choice(self.phones).change(asked)

    def mark_one(self) -> None:
        phone = self.random.choice(self.phones)
        if phone.screen.items:
            id_ = self.random.choice(phone.screen.items)["id"]
            if self.random.random() < 0.2:
                phone.delete(id_)
            else:
                phone.mark(id_, read=self.random.random() < 0.6)

    def edit(self) -> None:
        if self._sent:
            id_ = self.random.choice(self._sent[-100:])
            self.admin(
                replace, "PUT", f"/api/notifications/{id_}/content", self.choose.content(), id_
            )

    def take_back(self) -> None:
        if self._sent:
            id_ = self.random.choice(self._sent[-100:])
            self.admin(withdraw, "POST", f"/api/notifications/{id_}/withdraw", None, id_)

    def admin(
        self, handler: Any, method: str, path: str, body: Json | None, id_: str | None = None
    ) -> Answer:
        event = http_event(
            method, path, body=body, id_=id_, role=Role.ADMIN, token_seconds=1e9, caller="admin"
        )
        return call(handler, event, self.parts)

    # What happens meanwhile.

    def go_on(self) -> None:
        """Time passes; the queue, the schedules, the network and the devices do something."""
        chance = self.random.random
        self.clock.advance(self.random.expovariate(1.0))
        if chance() < 0.02:
            self.network.failing = self.random.choice((0.03, 0.03, 0.03, 0.8))
        if chance() < 0.25:
            self.dispatch(self.random.randint(1, 8))
        if chance() < 0.2:
            due.using(self.parts)({}, None)
        if chance() < 0.1:
            self.sweep()
        for phone in self.phones:
            phone.go_on(self.random)

    def sweep(self) -> None:
        sweep.using(self.parts)({}, None)
        self._enqueue(self.queue.take())

    def dispatch(self, most: int) -> None:
        """Hand some of what waits to the dispatcher, in no order."""
        self.random.shuffle(self._backlog)
        batch, self._backlog = self._backlog[:most], self._backlog[most:]
        if not batch:
            return
        records = [queue_record(message.body, message.headers) for message in batch]
        self.queue.down = not self.network.is_calm and self.random.random() < 0.05
        try:
            deliver.using(self.parts)(queue_event(*records, user_id=self.user_id), None)
        except QueueUnavailable:
            self.counted["came back"] += 1
            self._backlog += batch
        self.queue.down = False
        self._enqueue(self.queue.take())

    def _enqueue(self, messages: Sequence[Message], copies: int = 1) -> None:
        for message in messages:
            if message.queue == DEAD_LETTERS:
                self.counted["given up"] += 1
            else:
                self._backlog += [message] * copies

    # The end.

    def come_to_rest(self) -> None:
        """Let everything arrive, and every device hear all of it."""
        self.network.is_calm = True
        for _ in range(3):  # what was swept has a minute, and then another one
            self.clock.advance(70)
            due.using(self.parts)({}, None)
            self.sweep()
            while self._backlog:
                self.dispatch(50)
        for phone in self.phones:
            phone.come_to_rest()
