"""One run: load, faults, then everything healed and caught up, and the ledger."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import httpx
from pika.exceptions import AMQPError
from pymongo.errors import PyMongoError

from tests.chaos import api
from tests.chaos.device import RovingDevice
from tests.chaos.faults import Fault, schedule
from tests.chaos.ledger import Ledger, Seen, Wrong, wrongs
from tests.chaos.load import Load, client
from tests.chaos.parts import ChaosError
from tests.chaos.record import ACCEPTED, REFUSED, Person, Record, Struck
from tests.chaos.screen import Screen
from tests.chaos.world import World

CAUGHT_UP_SECONDS = 60.0
"""From the last fault's end until all that was accepted is on all devices."""
AT_REST_SECONDS = 120.0
"""Until nothing is on its way any more. A mark that was lost is made up for after a minute."""
SETTLE_SECONDS = 10.0
LOOK_SECONDS = 0.25
MOST_TRACES = 20
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run."""

    seed: int
    seconds: float
    per_second: float
    people: int
    devices_each: int

    @property
    def faults(self) -> Sequence[Fault]:
        return schedule(self.seed, self.seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    `caught_up` is how many seconds after everything was healed the last one was on its devices;
    None when it was not within 60 s. `lists` is how often a device had to load its whole list.
    """

    record: Record
    ledger: Ledger
    caught_up: float | None
    lists: int
    wrongs: Sequence[Wrong]
    traces: Mapping[str, str]


def _end_on_signals() -> None:
    """Cancel this task by the first signal, and ignore further ones: ending takes some seconds."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task

    def end() -> None:
        for number in SIGNALS:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, end)


class Run:
    """A run of a plan in a world."""

    def __init__(self, plan: Plan, world: World, screen: Screen) -> None:
        self._plan = plan
        self._world = world
        self._screen = screen
        self._record = Record(plan.devices_each)

    async def outcome(self) -> Outcome:
        """Raises ChaosError when it cannot be ended as planned, and CancelledError on a signal."""
        _end_on_signals()
        try:
            return await self._outcome()
        except ExceptionGroup as group:
            known = group.subgroup(ChaosError)
            raise known.exceptions[0] if known else group from None
        except (httpx.HTTPError, PyMongoError, AMQPError) as error:
            raise ChaosError(f"What came of it cannot be read: {error}") from error
        finally:
            self._world.over.set()

    async def _outcome(self) -> Outcome:
        self._screen.tell("registering people and opening their devices")
        admin = await asyncio.to_thread(self._world.admin_token)
        people = await asyncio.to_thread(self._world.people, self._plan.people)
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(client())
            devices = [
                await stack.enter_async_context(self._device(person, number, http))
                for person in people
                for number in range(self._plan.devices_each)
            ]
            self._record.started = time.monotonic()
            showing = asyncio.create_task(self._screen.follow(self._record))
            try:
                await self._post_and_strike(http, people, admin)
                caught_up = await self._catch_up()
                self._screen.tell("reading inboxes, dead letters and queues")
                ledger = await self._ledger(http, people, admin, devices)
                wrong = [*self._answers(caught_up), *wrongs(ledger)]
                traces = await self._traces(http, admin, wrong)
            finally:
                showing.cancel()
        lists = sum(device.lists for device in devices)
        return Outcome(self._record, ledger, caught_up, lists, wrong, traces)

    def _answers(self, caught_up: float | None) -> Iterator[Wrong]:
        """What was wrong before everything came to rest."""
        for post in self._record.posts:
            if post.status not in (ACCEPTED, REFUSED, None):
                yield Wrong(f"a POST was answered {post.status} at {post.ended:.1f} s")
        if caught_up is None:
            yield Wrong(f"not all were on their devices {CAUGHT_UP_SECONDS:.0f} s after the end")

    async def _traces(
        self, http: httpx.AsyncClient, admin: str, wrong: Sequence[Wrong]
    ) -> Mapping[str, str]:
        ids = list(dict.fromkeys(each.id for each in wrong if each.id))[:MOST_TRACES]
        return {id_: await api.trace(http, self._world.urls[0], admin, id_) for id_ in ids}

    def _device(self, person: Person, number: int, http: httpx.AsyncClient) -> RovingDevice:
        """A person's devices begin at different runners."""
        first = number % len(self._world.urls)
        urls = [*self._world.urls[first:], *self._world.urls[:first]]
        return RovingDevice(person, urls, self._record, http)

    async def _post_and_strike(
        self, http: httpx.AsyncClient, people: Sequence[Person], admin: str
    ) -> None:
        plan = self._plan
        chance = random.Random(plan.seed)
        load = Load(http, self._world.urls, people, admin, self._record, chance)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(plan.per_second, plan.seconds))
            for fault in plan.faults:
                tasks.create_task(self._strike(fault))

    async def _strike(self, fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        struck = Struck(fault, self._record.now())
        self._record.struck.append(struck)
        self._screen.struck(struck)
        await asyncio.to_thread(self._world.parts[fault.part].suffer, fault)
        struck.over = self._record.now()
        self._screen.over(struck)

    async def _catch_up(self) -> float | None:
        self._screen.tell("everything is healed; waiting for the last devices")
        healed = self._record.now()
        while self._record.now() < healed + CAUGHT_UP_SECONDS:
            if self._record.is_caught_up:
                return self._record.now() - healed
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def _ledger(
        self,
        http: httpx.AsyncClient,
        people: Sequence[Person],
        admin: str,
        devices: Sequence[RovingDevice],
    ) -> Ledger:
        on_the_way = await asyncio.to_thread(self._rest)
        url = self._world.urls[0]
        inboxes = {each.user_id: await api.inbox_of(http, url, each.token) for each in people}
        for device in devices:
            everything = {item["id"] for item in inboxes[device.person.user_id].items}
            with suppress(TimeoutError):
                await device.until_applied(everything, SETTLE_SECONDS)
        return Ledger(
            posts=self._record.posts,
            inboxes=inboxes,
            devices=[
                Seen(each.person.user_id, each.applied, each.seen, each.unread) for each in devices
            ],
            dead_letters=await api.dead_letters(http, url, admin),
            stored=await asyncio.to_thread(self._world.stored),
            on_the_way=on_the_way,
            queues=await asyncio.to_thread(self._world.queues),
            ended=[part.name for part in self._world.parts.values() if part.pid is None],
        )

    def _rest(self) -> Sequence[str]:
        """Wait until nothing is on its way; answers what still is when patience ends."""
        deadline = time.monotonic() + AT_REST_SECONDS
        while time.monotonic() < deadline and not self._world.over.is_set():
            on_the_way = self._world.on_the_way()
            queues = self._world.queues().values()
            if not on_the_way and all(queue.is_at_rest for queue in queues):
                return ()
            self._world.over.wait(LOOK_SECONDS)
        return self._world.on_the_way()
