"""Puts the parts together: every adapter is made once, when it is first used."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from belfry.errors import ConfigurationError
from belfry.retry import RetryPolicy
from belfry.settings import SECRET, Settings

if TYPE_CHECKING:
    from belfry.adapters.mongo.database import Database
    from belfry.broadcasts import Audiences, Broadcasts
    from belfry.devices import Devices
    from belfry.fan_out import Chunks
    from belfry.idempotency import IdempotencyKeys
    from belfry.installation import Accounts
    from belfry.leaving import Leavings
    from belfry.measures import Backlog
    from belfry.people import People, Presence
    from belfry.ports import (
        Clock,
        Connections,
        Counts,
        DeadLetters,
        Inboxes,
        Notifications,
        Outbox,
        Passwords,
        Pusher,
        Queue,
        Recipients,
        Scheduled,
        Store,
        Tickets,
        Timers,
        TokenIssuer,
        TokenVerifier,
    )
    from belfry.signing_keys import Secrets, SigningKeys
    from belfry.statistics import Statistics
    from belfry.topics import Subscriptions
    from belfry.topology import Declared

# What few functions need is imported where it is made: a cold start pays only for what it uses.


class Deps:
    """What handlers get. Tests and the local runner give parts of their own by name."""

    def __init__(self, **given: Any) -> None:
        # A cached_property looks into the instance's __dict__ first.
        self.__dict__.update(given)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.environment, lambda secret: self.secrets.current(secret).text)

    @cached_property
    def secrets(self) -> Secrets:
        from belfry.adapters.secrets import SecretsManager

        return SecretsManager(self.settings)

    @cached_property
    def clock(self) -> Clock:
        return _utc_now

    @cached_property
    def database(self) -> Database:
        from belfry.adapters.mongo.database import Database

        return Database.connect(self.settings.mongodb_uri, self.settings.mongodb_database)

    def migrate(self) -> None:
        """Bring the database into the form of this version. Doing it again changes nothing."""
        from belfry.adapters.mongo import migrations

        self.database.migrate()
        migrations.run(self.database)

    @cached_property
    def pause(self) -> Callable[[float], None]:
        """Let these seconds pass."""
        return time.sleep

    @cached_property
    def monotonic(self) -> Callable[[], float]:
        """Seconds since some moment, on a clock that nobody sets."""
        return time.monotonic

    @cached_property
    def store(self) -> Store:
        return self.database

    @cached_property
    def users(self) -> Accounts:
        from belfry.adapters.mongo.users import MongoUsers

        return MongoUsers(self.database)

    @cached_property
    def recipients(self) -> Recipients:
        from belfry.adapters.mongo.users import MongoRecipients

        return MongoRecipients(self.database)

    @cached_property
    def outbox(self) -> Outbox:
        from belfry.adapters.mongo.outbox import MongoOutbox

        return MongoOutbox(self.database)

    @cached_property
    def backlog(self) -> Backlog:
        from belfry.adapters.mongo.outbox import MongoBacklog

        return MongoBacklog(self.database)

    @cached_property
    def notifications(self) -> Notifications:
        from belfry.adapters.mongo.notifications import MongoNotifications

        return MongoNotifications(self.database)

    @cached_property
    def inboxes(self) -> Inboxes:
        from belfry.adapters.mongo.inboxes import MongoInboxes

        return MongoInboxes(self.database)

    @cached_property
    def counts(self) -> Counts:
        from belfry.adapters.mongo.inboxes import MongoCounts

        return MongoCounts(self.database)

    @cached_property
    def scheduled(self) -> Scheduled:
        from belfry.adapters.mongo.notifications import MongoScheduled

        return MongoScheduled(self.database)

    @cached_property
    def timers(self) -> Timers:
        from belfry.adapters.mongo.notifications import MongoTimers

        return MongoTimers(self.database)

    @cached_property
    def connections(self) -> Connections:
        from belfry.adapters.mongo.sessions import MongoConnections

        return MongoConnections(self.database)

    @cached_property
    def devices(self) -> Devices:
        from belfry.devices import Devices

        return Devices(self.connections, self.pusher, self.clock)

    @cached_property
    def tickets(self) -> Tickets:
        from belfry.adapters.mongo.sessions import MongoTickets

        return MongoTickets(self.database)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from belfry.adapters.mongo.dead_letters import MongoDeadLetters

        return MongoDeadLetters(self.database)

    @cached_property
    def broadcasts(self) -> Broadcasts:
        from belfry.adapters.mongo.broadcasts import MongoBroadcasts

        return MongoBroadcasts(self.database)

    @cached_property
    def chunks(self) -> Chunks:
        from belfry.adapters.mongo.broadcasts import MongoChunks

        return MongoChunks(self.database)

    @cached_property
    def audiences(self) -> Audiences:
        from belfry.adapters.mongo.audiences import MongoAudiences

        return MongoAudiences(self.database)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        from belfry.adapters.mongo.topics import MongoSubscriptions

        return MongoSubscriptions(self.database)

    @cached_property
    def leavings(self) -> Leavings:
        from belfry.adapters.mongo.leavings import MongoLeavings

        return MongoLeavings(self.database)

    @cached_property
    def people(self) -> People:
        from belfry.adapters.mongo.people import MongoPeople

        return MongoPeople(self.database)

    @cached_property
    def presence(self) -> Presence:
        from belfry.adapters.mongo.people import MongoPresence

        return MongoPresence(self.database)

    @cached_property
    def idempotency_keys(self) -> IdempotencyKeys:
        from belfry.adapters.mongo.idempotency import MongoIdempotencyKeys

        return MongoIdempotencyKeys(self.database)

    @cached_property
    def statistics(self) -> Statistics:
        from belfry.adapters.mongo.statistics import MongoStatistics

        return MongoStatistics(self.database)

    @cached_property
    def queue(self) -> Queue:
        from belfry.adapters.rabbitmq.queue import RabbitQueue

        return RabbitQueue(self._rabbitmq_url())

    def declare_topology(self) -> None:
        """Make what the broker lacks. Doing it again changes nothing."""
        for _ in declare_topology(self._rabbitmq_url(), self.retry):
            pass

    def _rabbitmq_url(self) -> str:
        if self.settings.rabbitmq_url is None:
            raise ConfigurationError("RABBITMQ_URL is not set")
        return self.settings.rabbitmq_url

    @cached_property
    def pusher(self) -> Pusher:
        from belfry.adapters.apigateway import ApiGatewayPusher

        return ApiGatewayPusher(self.settings)

    @cached_property
    def passwords(self) -> Passwords:
        from belfry.adapters.passwords import Argon2Passwords

        return Argon2Passwords()

    @cached_property
    def token_issuer(self) -> TokenIssuer:
        from belfry.adapters.tokens.issuer import JwtIssuer

        return JwtIssuer(self._private_key(), self.clock, self._private_key)

    def _private_key(self) -> str:
        private_key = self.settings.token_private_key
        if private_key is None:
            raise ConfigurationError("TOKEN_PRIVATE_KEY is not set")
        return private_key

    @cached_property
    def token_verifier(self) -> TokenVerifier:
        from belfry.adapters.tokens.verifier import JwtVerifier

        settings = self.settings
        return JwtVerifier(settings.token_public_key, lambda: settings.token_public_key)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        from belfry.adapters.tokens.keys import Ed25519KeyPairs
        from belfry.signing_keys import SigningKeys

        return SigningKeys(
            self.secrets,
            Ed25519KeyPairs(),
            private=self.settings.secret_named_by("TOKEN_PRIVATE_KEY"),
            public=self.settings.secret_named_by("TOKEN_PUBLIC_KEY"),
        )

    @cached_property
    def retry(self) -> RetryPolicy:
        return self.settings.retry


def declare_topology(
    rabbitmq_url: str, retry: RetryPolicy, *, dry_run: bool = False
) -> Iterator[Declared]:
    """Make what this broker lacks, or with `dry_run` only say it. Doing it again changes nothing.

    Raises QueueUnavailable, and ConfigurationError, which names the variable.
    """
    from belfry.adapters.rabbitmq.declare import apply
    from belfry.topology import topology

    return apply(rabbitmq_url, topology(retry), dry_run=dry_run)


def _utc_now() -> datetime:
    return datetime.now(UTC)


_ADAPTERS = {
    "MONGODB_URI": "mongo.database",
    "RABBITMQ_CREDENTIALS": "rabbitmq.queue",
    "TOKEN_PRIVATE_KEY": "tokens.issuer",
    "TOKEN_PUBLIC_KEY": "tokens.verifier",
}
"""The adapter with an SDK that a function needs, beside that of secrets, if this names one."""


def import_early(environment: Mapping[str, str]) -> None:
    """Import what a function of a deployment will use, before it is called for the first time.

    While its environment starts, Lambda gives a small function several times the processor that it
    has afterwards (measured by "Lambda Cold Starts and Bootstrap Code", bitesizedserverless.com).
    Only a deployment names secrets, and each function has the variables only that it uses.
    """
    for variable, adapter in _ADAPTERS.items():
        if environment.get(variable, "").startswith(SECRET):
            import_module("belfry.adapters.secrets")
            import_module(f"belfry.adapters.{adapter}")


_deps = Deps()


def deps() -> Deps:
    """The parts of this process."""
    return _deps


def install(parts: Deps) -> None:
    """Let this process use these parts. For a host of the functions, before it calls any."""
    global _deps  # one set of parts per process is what this module is for
    _deps = parts
