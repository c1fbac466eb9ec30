"""The settings: what is wrong or missing is named."""

from __future__ import annotations

import json

import pika
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

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
    settings = Settings.read(ENVIRONMENT)
    assert "hidden" not in repr(settings) + str(settings)


def test_each_is_read_when_it_is_asked_for() -> None:
    """On AWS a function has only those that it needs."""
    settings = Settings({"TOKEN_PUBLIC_KEY": "public"})
    assert settings.token_public_key == "public"
    with pytest.raises(ConfigurationError, match=r"\AMONGODB_URI is not set"):
        _ = settings.mongodb_uri


ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:"


class Read:
    """Secrets, and which of them were read."""

    def __init__(self, **texts: str) -> None:
        self._texts = {ARN + name: text for name, text in texts.items()}
        self.read: list[str] = []

    def __call__(self, secret: str) -> str:
        self.read.append(secret.removeprefix(ARN))
        if secret not in self._texts:
            raise ConfigurationError(f"the secret {secret} cannot be used")
        return self._texts[secret]


def test_a_secret_is_read_once_and_only_when_it_is_needed() -> None:
    read = Read(m="mongodb://a", r='{"username": "u", "password": "p"}', x="unused")
    names = {"MONGODB_URI": "m", "RABBITMQ_CREDENTIALS": "r", "ADMINISTRATOR": "x"}
    environment = {name: ARN + secret for name, secret in names.items()}
    settings = Settings({"RABBITMQ_URL": "amqps://host:5671", **environment}, read)
    assert read.read == []
    for _ in range(2):
        assert settings.mongodb_uri == "mongodb://a"
        assert settings.rabbitmq_url == "amqps://u:p@host:5671"
    assert read.read == ["m", "r"]


def test_keys_are_read_anew_because_they_change() -> None:
    read = Read(key="pem")
    settings = Settings({"TOKEN_PUBLIC_KEY": ARN + "key", "TOKEN_PRIVATE_KEY": ARN + "key"}, read)
    for _ in range(2):
        assert (settings.token_public_key, settings.token_private_key) == ("pem", "pem")
    assert len(read.read) == 4


def test_a_secret_that_cannot_be_read_names_its_variable() -> None:
    environment = {**ENVIRONMENT, "MONGODB_URI": ARN + "nowhere"}
    with pytest.raises(
        ConfigurationError, match=rf"\AMONGODB_URI: the secret {ARN}nowhere cannot be used"
    ):
        Settings(environment, Read()).check()
    with pytest.raises(ConfigurationError, match=r"\AMONGODB_URI: it names a secret, and secrets"):
        Settings.read(environment)
    with pytest.raises(ConfigurationError, match=r"\AMONGODB_URI is not set"):
        _ = Settings(environment, Read(nowhere="")).mongodb_uri


def test_what_is_missing_to_read_a_secret_is_named_beside_it() -> None:
    parts = Deps(environment={"MONGODB_URI": ARN + "m", "AWS_REGION": "eu-central-1"})
    with pytest.raises(ConfigurationError, match=r"\AMONGODB_URI: AWS_ACCESS_KEY_ID is not set"):
        _ = parts.settings.mongodb_uri


@given(username=st.text(min_size=1, max_size=20), password=st.text(min_size=1, max_size=20))
def test_any_credentials_reach_the_broker(username: str, password: str) -> None:
    assume(not has_surrogates(username + password))
    credentials = json.dumps({"username": username, "password": password})
    given_ = {"RABBITMQ_URL": "amqps://host:5671", "RABBITMQ_CREDENTIALS": credentials}
    parameters = pika.URLParameters(str(Settings(given_).rabbitmq_url))
    assert (parameters.host, parameters.port, parameters.virtual_host) == ("host", 5671, "/")
    assert parameters.credentials.username == username
    assert parameters.credentials.password == password


def has_surrogates(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)


def test_credentials_take_the_place_of_those_in_the_address() -> None:
    credentials = '{"username": "u", "password": "p"}'
    for given_, wanted in (("amqp://old:x@host/%2f", "amqp://u:p@host/%2f"), ("", None)):
        environment = {"RABBITMQ_URL": given_, "RABBITMQ_CREDENTIALS": credentials}
        assert Settings(environment).rabbitmq_url == wanted


@pytest.mark.parametrize(
    "content",
    ["hidden", "[]", '"hidden"', '{"username": "hidden"}', '{"username": "u", "password": 1}'],
)
def test_what_is_wrong_with_a_secret_is_said_without_it(content: str) -> None:
    environment = {"RABBITMQ_URL": "amqps://host", "RABBITMQ_CREDENTIALS": content}
    with pytest.raises(ConfigurationError, match=r"\ARABBITMQ_CREDENTIALS is not JSON") as raised:
        _ = Settings(environment).rabbitmq_url
    assert "hidden" not in str(raised.value)


def test_the_administrator_is_an_address_and_a_password() -> None:
    content = '{"email": "a@example.com", "password": "p"}'
    assert Settings({"ADMINISTRATOR": content}).administrator == ("a@example.com", "p")
    with pytest.raises(ConfigurationError, match="ADMINISTRATOR is not set"):
        _ = Settings({}).administrator


def test_who_changes_a_secret_needs_its_name() -> None:
    assert Settings({"A": ARN + "key"}).secret_named_by("A") == ARN + "key"
    with pytest.raises(ConfigurationError, match="A is not the ARN"):
        Settings({"A": "-----BEGIN"}).secret_named_by("A")


def test_only_who_issues_tokens_needs_the_private_key() -> None:
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "TOKEN_PRIVATE_KEY"}
    with pytest.raises(ConfigurationError, match="TOKEN_PRIVATE_KEY"):
        _ = Deps(settings=Settings.read(environment)).token_issuer


def test_a_part_is_made_once() -> None:
    parts = Deps(settings=Settings.read(ENVIRONMENT))
    assert parts.passwords is parts.passwords
