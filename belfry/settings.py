"""The settings, from the environment and the secrets that it names. Nothing else reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn
from urllib.parse import quote, urlsplit, urlunsplit

from belfry.errors import ConfigurationError
from belfry.retry import RetryPolicy

LONGEST_DELAY_SECONDS = (2**32 - 1) / 1000
"""The longest time to live of RabbitMQ, 49 days."""

SECRET = "arn:"  # noqa: S105 - how the name of a secret begins

ReadSecret = Callable[[str], str]
"""The text of the secret with this ARN.

Raises ConfigurationError when it cannot be read, SecretsUnavailable when it cannot be read now.
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs calls of AWS, under the names that botocore's signers ask for.

    Its own class is in a module that finds credentials in a dozen ways: 45 ms of a cold start.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)


def _no_secrets(_: str) -> NoReturn:
    raise ConfigurationError("it names a secret, and secrets cannot be read here")


class Settings:
    """What differs between a laptop, containers and AWS: addresses, keys and patience.

    Each is read when its part asks for it: on AWS a function has only those that it needs. Asking
    raises ConfigurationError, which names the variable, or SecretsUnavailable.

    MONGODB_URI *          where the database is
    MONGODB_DATABASE       its name (belfry)
    RABBITMQ_URL *         where the broker is (amqp:// or amqps://); without it the local runner
                           brings a queue of its own
    RABBITMQ_CREDENTIALS * `{"username": …, "password": …}`, for a RABBITMQ_URL without them
    TOKEN_PRIVATE_KEY *    Ed25519, PEM; only where tokens are issued
    TOKEN_PUBLIC_KEY *     Ed25519, PEM; several, one after the other, while keys change
    ADMINISTRATOR *        `{"email": …, "password": …}` of the first administrator
    STAGE                  the name of the deployment, for its metrics
    RETRY_MAX_ATTEMPTS     retries of a push (3), at most 10
    RETRY_DELAY_SECONDS    before the first retry (1), at most 3600; each further one waits five
                           times as long
    AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                           as Lambda sets them; they sign the pushes to WebSockets and the calls of
                           Secrets Manager
    AWS_ENDPOINT_URL_SECRETS_MANAGER, AWS_ENDPOINT_URL
                           where Secrets Manager is, when it is not Amazon's own

    * or the ARN of a secret in AWS Secrets Manager that holds it.
    """

    def __init__(
        self, environment: Mapping[str, str], read_secret: ReadSecret = _no_secrets
    ) -> None:
        self._environment = dict(environment)
        self._read_secret = read_secret

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Those of an environment without secrets, checked: see `check`."""
        settings = cls(environment)
        settings.check()
        return settings

    def check(self) -> None:
        """See that all is there that a host of every function needs. Raises ConfigurationError."""
        _ = self.mongodb_uri, self.mongodb_database, self.rabbitmq_url, self.token_public_key
        _ = self.token_private_key, self.retry, self.aws_session_token
        _ = self.aws_region, self.aws_access_key_id, self.aws_secret_access_key

    @cached_property
    def mongodb_uri(self) -> str:
        return self._required("MONGODB_URI")

    @property
    def mongodb_database(self) -> str:
        return self._environment.get("MONGODB_DATABASE", "belfry")

    @cached_property
    def rabbitmq_url(self) -> str | None:
        """With its credentials."""
        url = self._text("RABBITMQ_URL") or None
        if url is None or not self._environment.get("RABBITMQ_CREDENTIALS"):
            return url
        return _with_credentials(url, *self._pair("RABBITMQ_CREDENTIALS", "username", "password"))

    # Keys change, so they are read anew each time, and kept by the parts that use them.

    @property
    def token_public_key(self) -> str:
        return self._required("TOKEN_PUBLIC_KEY")

    @property
    def token_private_key(self) -> str | None:
        return self._text("TOKEN_PRIVATE_KEY") or None

    @property
    def administrator(self) -> tuple[str, str]:
        """E-mail address and password of the first administrator."""
        return self._pair("ADMINISTRATOR", "email", "password")

    @property
    def stage(self) -> str:
        return self._required("STAGE")

    @cached_property
    def retry(self) -> RetryPolicy:
        return retry_policy(self._environment)

    @property
    def aws_region(self) -> str:
        return self._required("AWS_REGION")

    @property
    def aws_access_key_id(self) -> str:
        return self._required("AWS_ACCESS_KEY_ID")

    @property
    def aws_secret_access_key(self) -> str:
        return self._required("AWS_SECRET_ACCESS_KEY")

    @property
    def aws_session_token(self) -> str | None:
        return self._environment.get("AWS_SESSION_TOKEN")

    @property
    def aws_credentials(self) -> Credentials:
        return Credentials(
            self.aws_access_key_id, self.aws_secret_access_key, self.aws_session_token
        )

    @property
    def secrets_endpoint(self) -> str:
        """Where Secrets Manager is (AWS SDKs reference guide, "Service-specific endpoints")."""
        for name in ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL"):
            if given := self._environment.get(name):
                return given
        china = ".cn" if self.aws_region.startswith("cn-") else ""
        return f"https://secretsmanager.{self.aws_region}.amazonaws.com{china}"

    def secret_named_by(self, name: str) -> str:
        """The ARN that a variable holds, for who changes that secret."""
        value = self._environment.get(name, "")
        if not value.startswith(SECRET):
            raise ConfigurationError(f"{name} is not the ARN of a secret")
        return value

    def _text(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value.startswith(SECRET):
            return value
        try:
            return self._read_secret(value)
        except ConfigurationError as error:
            raise ConfigurationError(f"{name}: {error}") from None

    def _required(self, name: str) -> str:
        value = self._text(name)
        if not value:
            raise ConfigurationError(f"{name} is not set")
        return value

    def _pair(self, name: str, first: str, second: str) -> tuple[str, str]:
        """Two texts of a JSON object. What is wrong with it is not quoted: it is a secret."""
        try:
            content = json.loads(self._required(name))
            found = content[first], content[second]
        except (ValueError, TypeError, KeyError):
            found = None, None
        if not all(isinstance(each, str) and each for each in found):
            raise ConfigurationError(f'{name} is not JSON with "{first}" and "{second}"')
        return found


def retry_policy(environment: Mapping[str, str]) -> RetryPolicy:
    """The retries, which the broker's topology depends on, too. Raises ConfigurationError."""
    retry = RetryPolicy(
        max_attempts=int(_number(environment, "RETRY_MAX_ATTEMPTS", 3, 10, whole=True)),
        first_delay=_number(environment, "RETRY_DELAY_SECONDS", 1.0, 3600),
    )
    longest = max(retry.delays, default=0.0)
    if longest > LONGEST_DELAY_SECONDS:
        raise ConfigurationError(
            f"RETRY_MAX_ATTEMPTS and RETRY_DELAY_SECONDS make the last retry wait {longest:,.0f} "
            f"seconds; RabbitMQ keeps a message {LONGEST_DELAY_SECONDS:,.0f} at most"
        )
    return retry


def _with_credentials(url: str, username: str, password: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    place = f"{quote(username, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=place))


def _number(
    environment: Mapping[str, str], name: str, default: float, most: float, *, whole: bool = False
) -> float:
    text = environment.get(name)
    if text is None:
        return default
    try:
        value = float(int(text) if whole else float(text))
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise ConfigurationError(f"{name} is not {kind}: {text!r}") from None
    if not 0 <= value <= most:
        raise ConfigurationError(f"{name} is not between 0 and {most}: {text!r}")
    return value
