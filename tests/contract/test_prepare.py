"""system.prepare, on a real MongoDB and RabbitMQ and on secrets as AWS keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest

from belfry.accounts import log_in
from belfry.adapters.mongo.database import Database
from belfry.adapters.rabbitmq.queue import RabbitQueue
from belfry.inputs.accounts import Credentials
from belfry.model import Role
from belfry.wiring import Deps
from functions.system import prepare
from tests.aws_emulator import REGION, aws_emulator, client
from tests.fakes import FakeClock
from tests.response_url import ResponseServer, response_server

EMAIL, PASSWORD = "admin@example.com", "pass-word-of-the-administrator"
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)

Environment = dict[str, str]
MakeSecret = Callable[[str], str]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with aws_emulator() as url:
        yield url


@pytest.fixture
def secret(endpoint: str) -> MakeSecret:
    """Makes one; answers its ARN."""
    secrets_manager = client(endpoint, "secretsmanager")

    def make(text: str) -> str:
        arn: str = secrets_manager.create_secret(Name=uuid4().hex, SecretString=text)["ARN"]
        return arn

    return make


@pytest.fixture
def environment(
    endpoint: str,
    secret: MakeSecret,
    shared_database: Database,
    mongodb_uri: str,
    rabbitmq_url: str,
) -> Iterator[Environment]:
    """What the template gives the function, for a database of its own."""
    name = f"test_{uuid4().hex[:12]}"
    broker = urlsplit(rabbitmq_url)
    credentials = {"username": broker.username, "password": unquote(broker.password or "")}
    yield {
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "hidden-key",
        "AWS_ENDPOINT_URL": endpoint,
        "MONGODB_URI": secret(mongodb_uri),
        "MONGODB_DATABASE": name,
        "RABBITMQ_URL": f"amqp://{broker.hostname}:{broker.port}{broker.path}",
        "RABBITMQ_CREDENTIALS": secret(json.dumps(credentials)),
        "RETRY_DELAY_SECONDS": "0.4",
        "TOKEN_PRIVATE_KEY": secret("empty"),
        "TOKEN_PUBLIC_KEY": secret("empty"),
        "ADMINISTRATOR": secret(json.dumps({"email": EMAIL, "password": PASSWORD})),
    }
    shared_database.client.drop_database(name)


@pytest.fixture
def cloudformation() -> Iterator[ResponseServer]:
    with response_server() as server:
        yield server


def answer(environment: Environment, event: dict[str, Any], server: ResponseServer) -> list[str]:
    """Invoke a fresh environment of the function; answers the status and the reason."""
    clock = FakeClock()
    parts = Deps(environment=environment, monotonic=clock.monotonic, pause=clock.advance)
    prepare.handler.using(parts)(event, CONTEXT)
    if "database" in vars(parts):
        parts.database.client.close()
    return [server.answers[-1]["Status"], server.answers[-1]["Reason"]]


def test_afterwards_the_administrator_can_log_in_and_again_changes_nothing(
    environment: Environment, cloudformation: ResponseServer
) -> None:
    assert answer(environment, cloudformation.event(), cloudformation) == ["SUCCESS", ""]
    parts = Deps(environment=environment)
    first = parts.settings.token_private_key
    update = cloudformation.event("Update", PhysicalResourceId="Prepared")
    assert answer(environment, update, cloudformation) == ["SUCCESS", ""]
    assert Deps(environment=environment).settings.token_private_key == first
    token = log_in(
        Credentials(email=EMAIL, password=PASSWORD),
        users=parts.users,
        passwords=parts.passwords,
        tokens=parts.token_issuer,
    )
    assert parts.token_verifier.verify(token.token)[0].role is Role.ADMIN
    queue = RabbitQueue(parts.settings.rabbitmq_url or "")
    assert {"belfry.deliver.0", "belfry.fanout", "belfry.dead"} <= set(queue.depths())
    queue.close()
    parts.database.client.close()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("RABBITMQ_URL", "amqp://127.0.0.1:1", r"RabbitMQ cannot be reached: .*refused"),
        ("RABBITMQ_CREDENTIALS", '{"username": "x", "password": "hidden"}', "RABBITMQ_URL: "),
        ("TOKEN_PRIVATE_KEY", "hidden", "TOKEN_PRIVATE_KEY "),
        ("MONGODB_URI", "mongodb://me:hidden@", "MONGODB_URI is not usable: "),
        ("ADMINISTRATOR", '{"email": "me", "password": "hidden-one"}', "ADMINISTRATOR .* email"),
    ],
    ids=["broker away", "refused", "no key", "no address", "no e-mail address"],
)
def test_what_is_wrong_is_named_without_its_secrets(
    environment: Environment,
    cloudformation: ResponseServer,
    secret: MakeSecret,
    name: str,
    value: str,
    reason: str,
) -> None:
    environment[name] = value if name == "RABBITMQ_URL" else secret(value)
    status, told = answer(environment, cloudformation.event(), cloudformation)
    assert status == "FAILED"
    assert re.match(reason, told), told
    assert "hidden" not in told
