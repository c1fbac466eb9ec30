"""The settings, from the environment. Nothing else reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from belfry.errors import ConfigurationError
from belfry.retry import RetryPolicy

LONGEST_DELAY_SECONDS = (2**32 - 1) / 1000
"""The longest time to live of RabbitMQ, 49 days."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between a laptop, containers and AWS: addresses, keys and patience.

    MONGODB_URI            where the database is
    MONGODB_DATABASE       its name (belfry)
    RABBITMQ_URL           where the broker is (amqp:// or amqps://); without it the local runner
                           brings a queue of its own
    TOKEN_PRIVATE_KEY      Ed25519, PEM; only where tokens are issued
    TOKEN_PUBLIC_KEY       Ed25519, PEM
    RETRY_MAX_ATTEMPTS     retries of a push (3), at most 10
    RETRY_DELAY_SECONDS    before the first retry (1), at most 3600; each further one waits five
                           times as long
    AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
                           as Lambda sets them; they sign the pushes to WebSockets
    """

    mongodb_uri: str = field(repr=False)
    mongodb_database: str
    rabbitmq_url: str | None = field(repr=False)
    token_public_key: str
    token_private_key: str | None = field(repr=False)
    retry: RetryPolicy
    aws_region: str
    aws_access_key_id: str
    aws_secret_access_key: str = field(repr=False)
    aws_session_token: str | None = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Read and check. Raises ConfigurationError, which names the variable."""
        return cls(
            mongodb_uri=_required(environment, "MONGODB_URI"),
            mongodb_database=environment.get("MONGODB_DATABASE", "belfry"),
            rabbitmq_url=environment.get("RABBITMQ_URL") or None,
            token_public_key=_required(environment, "TOKEN_PUBLIC_KEY"),
            token_private_key=environment.get("TOKEN_PRIVATE_KEY"),
            retry=retry_policy(environment),
            aws_region=_required(environment, "AWS_REGION"),
            aws_access_key_id=_required(environment, "AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=_required(environment, "AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        )


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


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigurationError(f"{name} is not set")
    return value


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
