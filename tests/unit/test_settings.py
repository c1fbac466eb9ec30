"""The settings: what is wrong or missing is named."""

from __future__ import annotations

import pytest

from belfry.errors import ConfigurationError
from belfry.retry import RetryPolicy
from belfry.settings import Settings
from belfry.wiring import Deps

ENVIRONMENT = {
    "MONGODB_URI": "mongodb://user:hidden@127.0.0.1",
    "TOKEN_PUBLIC_KEY": "public",
    "TOKEN_PRIVATE_KEY": "hidden",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "hidden",
    "AWS_SESSION_TOKEN": "hidden",
}
OPTIONAL = {"TOKEN_PRIVATE_KEY", "AWS_SESSION_TOKEN"}


def test_what_is_not_set_has_its_default() -> None:
    settings = Settings.read(ENVIRONMENT)
    assert settings.mongodb_database == "belfry"
    assert settings.retry == RetryPolicy(3, 1.0)
    own = {"MONGODB_DATABASE": "x", "RETRY_MAX_ATTEMPTS": "0", "RETRY_DELAY_SECONDS": "0.5"}
    changed = Settings.read({**ENVIRONMENT, **own})
    assert changed.mongodb_database == "x"
    assert changed.retry == RetryPolicy(0, 0.5)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT.keys() - OPTIONAL))
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_named(name: str, value: str | None) -> None:
    environment = {k: v for k, v in ENVIRONMENT.items() if k != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(ConfigurationError, match=rf"\A{name} "):
        Settings.read(environment)


@pytest.mark.parametrize("name", sorted(OPTIONAL))
def test_what_may_be_missing_may_be_missing(name: str) -> None:
    Settings.read({k: v for k, v in ENVIRONMENT.items() if k != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETRY_MAX_ATTEMPTS", "many"),
        ("RETRY_MAX_ATTEMPTS", "1.5"),
        ("RETRY_MAX_ATTEMPTS", "-1"),
        ("RETRY_MAX_ATTEMPTS", "11"),
        ("RETRY_MAX_ATTEMPTS", ""),
        ("RETRY_DELAY_SECONDS", "soon"),
        ("RETRY_DELAY_SECONDS", "-0.1"),
        ("RETRY_DELAY_SECONDS", "nan"),
        ("RETRY_DELAY_SECONDS", "inf"),
        ("RETRY_DELAY_SECONDS", "3601"),
    ],
)
def test_a_number_that_is_none_or_out_of_range_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings.read({**ENVIRONMENT, name: value})


def test_delays_that_rabbitmq_does_not_take_are_named() -> None:
    environment = {"RETRY_MAX_ATTEMPTS": "10", "RETRY_DELAY_SECONDS": "3600"}
    with pytest.raises(ConfigurationError, match="RETRY_MAX_ATTEMPTS and RETRY_DELAY_SECONDS"):
        Settings.read({**ENVIRONMENT, **environment})


def test_secrets_are_not_shown() -> None:
    assert "hidden" not in repr(Settings.read(ENVIRONMENT))


def test_only_who_issues_tokens_needs_the_private_key() -> None:
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "TOKEN_PRIVATE_KEY"}
    with pytest.raises(ConfigurationError, match="TOKEN_PRIVATE_KEY"):
        _ = Deps(settings=Settings.read(environment)).token_issuer


def test_a_part_is_made_once() -> None:
    parts = Deps(settings=Settings.read(ENVIRONMENT))
    assert parts.passwords is parts.passwords
