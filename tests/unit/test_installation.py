"""What has to be there before anybody can log in."""

from __future__ import annotations

import pytest

from belfry.errors import ConfigurationError, StoreUnavailable
from belfry.installation import (
    LOOK_AGAIN_SECONDS,
    PATIENCE_SECONDS,
    administrator_of_the_deployment,
    first_administrator,
)
from belfry.installation import when_available as when_it_is
from belfry.model import Role
from tests.fakes import Fakes


def first(fakes: Fakes, email: str = "Admin@example.com", password: str = "correct horse") -> bool:
    return first_administrator(
        email, password, users=fakes.users, passwords=fakes.passwords, clock=fakes.clock
    )


def test_the_first_administrator_is_made_once(fakes: Fakes) -> None:
    assert first(fakes) is True
    made = fakes.users.by_email("admin@example.com")
    assert first(fakes) is False
    assert fakes.users.by_email("admin@example.com") == made
    assert made is not None
    assert made.user.role is Role.ADMIN
    assert fakes.passwords.matches("correct horse", made.password_hash)


def of_the_deployment(fakes: Fakes, password: str) -> None:
    administrator_of_the_deployment(
        "Admin@example.com",
        password,
        users=fakes.users,
        passwords=fakes.passwords,
        clock=fakes.clock,
    )


def test_another_runner_on_the_same_data_changes_no_password(fakes: Fakes) -> None:
    first(fakes)
    before = fakes.users.by_email("admin@example.com")
    assert first(fakes, password="another horse") is False
    assert fakes.users.by_email("admin@example.com") == before


def test_another_deployment_on_the_same_data_sets_its_own_password(fakes: Fakes) -> None:
    of_the_deployment(fakes, "correct horse")
    of_the_deployment(fakes, "another horse")
    stored = fakes.users.by_email("admin@example.com")
    assert stored is not None
    assert fakes.passwords.matches("another horse", stored.password_hash)


def test_who_is_no_administrator_any_more_is_left_alone(fakes: Fakes) -> None:
    first(fakes)
    fakes.users.set_role("admin@example.com", Role.USER)
    before = fakes.users.by_email("admin@example.com")
    of_the_deployment(fakes, "another horse")
    assert fakes.users.by_email("admin@example.com") == before


@pytest.mark.parametrize(
    ("email", "password", "named"),
    [("admin@example.com", "short", "password"), ("admin", "correct horse", "email")],
)
def test_an_unusable_administrator_names_the_field_and_not_the_secret(
    fakes: Fakes, email: str, password: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"ADMINISTRATOR is not usable: {named}") as error:
        first(fakes, email, password)
    assert password not in str(error.value)


def when_available(fakes: Fakes, failures: int) -> int:
    """Do what fails so often; answers how often it was tried."""
    tries = 0

    def act() -> None:
        nonlocal tries
        tries += 1
        if tries <= failures:
            raise StoreUnavailable("not yet")

    when_it_is(act, monotonic=fakes.monotonic, pause=fakes.pause)
    return tries


def test_a_part_that_is_just_starting_is_waited_for(fakes: Fakes) -> None:
    assert when_available(fakes, 3) == 4


def test_patience_ends_with_the_parts_own_error(fakes: Fakes) -> None:
    began = fakes.monotonic()
    with pytest.raises(StoreUnavailable, match="not yet"):
        when_available(fakes, 10_000)
    waited = fakes.monotonic() - began
    assert PATIENCE_SECONDS - LOOK_AGAIN_SECONDS <= waited <= PATIENCE_SECONDS


def test_what_does_not_pass_by_itself_is_raised_at_once(fakes: Fakes) -> None:
    def act() -> None:
        raise ConfigurationError("RABBITMQ_URL: refused")

    began = fakes.monotonic()
    with pytest.raises(ConfigurationError):
        when_it_is(act, monotonic=fakes.monotonic, pause=fakes.pause)
    assert fakes.monotonic() == began
