"""Lives of people, a thousand operations each, and what has to be true at their end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from uuid import uuid4

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.stream import KEPT
from belfry.function import Function
from functions.inbox.counts import handler as counts
from functions.notifications.list import handler as list_page
from tests.convergence.choices import CATEGORIES, PLACES
from tests.convergence.truth import Truth, differences
from tests.convergence.world import World
from tests.screen import Json, Screen
from tests.unit.events import call, http_event

OPERATIONS = 1000
AT_ONCE = 5
LISTS = 20
LOOK_EVERY = 40
LONG_SLEEP = 250
"""Operations until the end that one device misses: more than the stream keeps."""

EVENTS = {"notification", "read", "unread", "archived", "unarchived", "snoozed", "unsnoozed"}
EVENTS |= {"pinned", "unpinned", "deleted", "withdrawn", "expired", "updated", "changed"}
TURNS = {"recovered", "lost", "given up", "came back"}


def live(uri: str, seeds: Iterable[int]) -> None:
    """Live these lives, some at once: a commit waits for the disk."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        counted = sum(threads.map(lambda seed: _live(uri, seed), seeds), Counter[str]())
    assert set(counted) >= EVENTS | TURNS, "the devices have not met everything"


def _live(uri: str, seed: int) -> Counter[str]:
    """One life; answers what its devices went through."""
    database = Database.connect(uri, f"test_{uuid4().hex[:12]}")
    try:
        database.migrate()
        world = World(database, seed)
        for number in range(OPERATIONS):
            if number == OPERATIONS - LONG_SLEEP:
                world.phones[0].sleep()
            world.operate()
            world.go_on()
            if number % LOOK_EVERY == 0:
                _look_at_devices(world, Truth(database, world.user_id))
        world.come_to_rest()
        check(world, Truth(database, world.user_id))
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
    finally:
        database.client.drop_database(database.users.database.name)
        database.client.close()
    return sum((phone.screen.counted for phone in world.phones), world.counted)


def _look_at_devices(world: World, truth: Truth) -> None:
    """All that are awake: loading a list again would hide later what is wrong in it now."""
    for phone in world.phones:
        if not phone.is_asleep:
            phone.come_to_rest()
            check_screen(phone.screen, truth, phone.name)


def check(world: World, truth: Truth) -> None:
    """Devices, counts and lists say the same as the documents."""
    assert truth.kept == min(truth.seq, KEPT)
    for phone in world.phones:
        check_screen(phone.screen, truth, phone.name)
    filters = list(_filters(world))
    stored = [each for each in filters if "since" not in each]
    counted = [each for each in filters if "since" in each]
    # Of those that are counted one by one there is one in a call.
    for start, last in zip(
        range(0, len(stored), 19), world.random.sample(counted, 10), strict=False
    ):
        asked = [*stored[start : start + 19], last]
        answer = _get(world, counts, {"filters": json.dumps(asked)})
        assert answer["counts"] == [truth.count(each) for each in asked], asked
        assert (answer["seq"], answer["unreadCount"]) == (truth.seq, truth.unread)
    for filter_ in [*({place: True} for place in PLACES[1:]), *world.random.sample(filters, LISTS)]:
        _same(truth.shown(filter_), _whole_list(world, truth, filter_), str(filter_))


def check_screen(screen: Screen, truth: Truth, name: str) -> None:
    """It shows what it has loaded exactly as it is, in its order."""
    assert (screen.seq, screen.unread) == (truth.seq, truth.unread), name
    expected = truth.shown(screen.shown)
    if not screen.is_whole:
        expected = expected[: len(screen.items)]
    _same(expected, screen.items, f"{name}, {screen.shown}")


def _same(expected: list[Json], actual: list[Json], where: str) -> None:
    assert expected == actual, f"{where}: {differences(expected, actual)}"


def _filters(world: World) -> Iterator[Json]:
    """All combinations of what may be asked for."""
    names = ("category", "priority", "unread", "since")
    values = (CATEGORIES, (None, 2), (None, True, False), (None, world.choose.before(300)))
    for place, *chosen in product(PLACES, *values):
        asked = {name: v for name, v in zip(names, chosen, strict=True) if v is not None}
        yield asked | ({place: True} if place else {})


def _whole_list(world: World, truth: Truth, filter_: Json) -> list[Json]:
    """A list, page by page."""
    limit = str(world.random.choice((7, 100)))
    screen = Screen(**filter_)
    items: list[Json] = []
    while not screen.is_whole:
        page = _get(world, list_page, screen.query() | {"limit": limit})
        assert page["unreadCount"] == truth.unread
        items += page["items"]
        screen.add_page(page)
    return items


def _get(world: World, handler: Function[Json], query: Json) -> Json:
    event = http_event(query=query, caller=world.user_id, token_seconds=1e9)
    answer: Json = call(handler, event, world.parts).body
    return answer
