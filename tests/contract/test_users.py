"""What the port `Users` promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from belfry.adapters.mongo.database import Database
from belfry.adapters.mongo.users import MongoUsers
from belfry.errors import EmailTaken
from belfry.model import Role
from belfry.ports import StoredUser
from belfry.wiring import Deps
from tests.contract.people import user


def test_an_account_is_found_by_id_and_by_address(parts: Deps) -> None:
    ada = user()
    parts.users.add(ada, "hash")
    assert parts.users.by_id(ada.id) == ada
    assert parts.users.by_email("ada@example.com") == StoredUser(ada, "hash")


def test_nobody_is_found_where_nobody_is(parts: Deps) -> None:
    assert parts.users.by_id("nobody") is None
    assert parts.users.by_email("nobody@example.com") is None
    assert list(parts.users.all()) == []


def test_an_address_belongs_to_one_account(parts: Deps) -> None:
    first = user()
    parts.users.add(first, "first")
    with pytest.raises(EmailTaken):
        parts.users.add(user(), "second")
    assert parts.users.by_email("ada@example.com") == StoredUser(first, "first")
    assert list(parts.users.all()) == [first]


def test_everybody_comes_in_the_order_of_their_addresses(parts: Deps) -> None:
    for name in ("cyd", "ada", "bob"):
        parts.users.add(user(f"{name}@example.com"), "hash")
    addresses = [each.email for each in parts.users.all()]
    assert addresses == ["ada@example.com", "bob@example.com", "cyd@example.com"]


def test_a_role_is_changed_and_nothing_else(parts: Deps) -> None:
    ada = user()
    parts.users.add(ada, "hash")
    assert parts.users.set_role("ada@example.com", Role.ADMIN)
    stored = parts.users.by_email("ada@example.com")
    assert stored
    assert (stored.user.id, stored.user.role) == (ada.id, Role.ADMIN)
    assert stored.password_hash == "hash"


def test_a_password_is_changed_and_nothing_else(parts: Deps) -> None:
    ada, bob = user(), user("bob@example.com")
    for each in (ada, bob):
        parts.users.add(each, "hash")
    parts.users.set_password(ada.id, "another")
    stored = parts.users.by_email("ada@example.com")
    assert stored
    assert (stored.user, stored.password_hash) == (ada, "another")
    other = parts.users.by_email("bob@example.com")
    assert other
    assert other.password_hash == "hash"


def test_giving_the_same_role_again_is_no_failure(parts: Deps) -> None:
    parts.users.add(user(role=Role.ADMIN), "hash")
    assert parts.users.set_role("ada@example.com", Role.ADMIN)


def test_an_unknown_account_gets_no_role(parts: Deps) -> None:
    assert not parts.users.set_role("nobody@example.com", Role.ADMIN)
    assert parts.users.by_email("nobody@example.com") is None


def test_of_many_at_once_one_gets_the_address(empty_database: Database) -> None:
    users = MongoUsers(empty_database)

    def register(_: int) -> bool:
        try:
            users.add(user(), "hash")
        except EmailTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(register, range(16))) == 1


def test_a_recipient_exists_from_the_moment_of_the_account_on(parts: Deps) -> None:
    ada = user()
    assert not parts.recipients.exists(ada.id)
    parts.users.add(ada, "hash")
    assert parts.recipients.exists(ada.id)
    assert parts.recipients.exists(ada.id)
    assert not parts.recipients.exists("nobody")
