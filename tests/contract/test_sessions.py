"""What the ports `Connections` and `Tickets` promise."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from pymongo.read_concern import ReadConcern

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.sessions import MongoConnections, MongoTickets
from belfry.model import Caller, Connection, Role
from belfry.wiring import Deps
from tests.contract.people import ADA, BOB
from tests.fakes import NOON

PHONE = Connection("phone=", ADA, "https://push.example.com/ws", NOON)
LAPTOP = Connection("laptop=", ADA, "https://other.example.com/ws", NOON)
BOBS = Connection("bobs=", BOB, "https://push.example.com/ws", NOON)
CALLER = Caller(ADA, Role.ADMIN)
EXPIRY = NOON + timedelta(seconds=30)


def ids(parts: Deps, *user_ids: str) -> set[str]:
    return {connection.id for connection in parts.connections.of_users(user_ids)}


def test_connections_are_found_by_their_people(parts: Deps) -> None:
    for connection in (PHONE, LAPTOP, BOBS):
        parts.connections.add(connection)
    assert ids(parts, ADA) == {PHONE.id, LAPTOP.id}
    assert ids(parts, ADA, BOB, "nobody") == {PHONE.id, LAPTOP.id, BOBS.id}
    assert ids(parts, "nobody") == ids(parts) == set()
    assert list(parts.connections.of_users({BOB})) == [BOBS]


def test_a_connection_added_again_is_still_one(parts: Deps) -> None:
    moved = replace(PHONE, endpoint="https://new.example.com/ws")
    for connection in (PHONE, moved):
        parts.connections.add(connection)
    assert list(parts.connections.of_users([ADA])) == [moved]


def test_removed_connections_are_gone_and_unknown_ones_no_failure(parts: Deps) -> None:
    for connection in (PHONE, LAPTOP):
        parts.connections.add(connection)
    parts.connections.remove({PHONE.id, "unknown"})
    parts.connections.remove([])
    assert ids(parts, ADA) == {LAPTOP.id}


def test_a_connection_that_was_forgotten_is_here_again_when_it_is_heard_of(parts: Deps) -> None:
    parts.connections.add(PHONE)
    parts.connections.remove([PHONE.id])
    for _ in range(2):
        parts.connections.renew(PHONE, EXPIRY)
        assert list(parts.connections.of_users([ADA])) == [PHONE]


def test_a_connection_is_kept_for_11_minutes_after_it_was_heard_of(
    empty_database: Database,
) -> None:
    connections = MongoConnections(empty_database)
    newest = empty_database.connections.with_options(read_concern=ReadConcern("local"))

    def minutes() -> float:
        [document] = newest.find()
        left: timedelta = document["expires_at"] - NOON
        return left.total_seconds() / 60

    connections.add(PHONE)
    assert minutes() == 11
    connections.renew(PHONE, NOON + timedelta(minutes=9))
    assert minutes() == 20
    connections.renew(PHONE, NOON + timedelta(minutes=119))
    assert minutes() == 125  # no socket is open for longer than two hours


def test_a_ticket_works_once(parts: Deps) -> None:
    parts.tickets.add("secret", CALLER, EXPIRY)
    assert parts.tickets.redeem("secret", NOON) == CALLER
    assert parts.tickets.redeem("secret", NOON) is None


def test_a_ticket_ends_with_its_time(parts: Deps) -> None:
    parts.tickets.add("used in time", CALLER, EXPIRY)
    parts.tickets.add("used too late", CALLER, EXPIRY)
    assert parts.tickets.redeem("used in time", EXPIRY - timedelta(milliseconds=1)) == CALLER
    assert parts.tickets.redeem("used too late", EXPIRY) is None


def test_an_unknown_ticket_is_nobodys(parts: Deps) -> None:
    parts.tickets.add("secret", CALLER, EXPIRY)
    for ticket in ("", "other", "$ne", "a\0b", "tïcket"):
        assert parts.tickets.redeem(ticket, NOON) is None


def test_of_many_at_once_one_gets_in(empty_database: Database) -> None:
    tickets = MongoTickets(empty_database)
    tickets.add("secret", CALLER, EXPIRY)
    with ThreadPoolExecutor(8) as threads:
        redeemed = list(threads.map(lambda _: tickets.redeem("secret", NOON), range(16)))
    assert redeemed.count(CALLER) == 1
    assert redeemed.count(None) == 15


def test_the_database_does_not_hold_the_ticket_itself(empty_database: Database) -> None:
    MongoTickets(empty_database).add("secret", CALLER, EXPIRY)
    assert "secret" not in str(list(empty_database.tickets.find()))
