"""What cold starts are measured in: the unpacked zip, and servers with all that functions need.

MongoDB, RabbitMQ and moto's Secrets Manager, on loopback; the variables are those of the template,
so the values of most are read from secrets, as on AWS.
"""

from __future__ import annotations

import json
import platform
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from belfry.model import Role, User, new_id
from belfry.wiring import Deps
from bench.processes import ROOT, folder
from gateway.invoker import Event
from gateway.spec import load_spec
from infra.package import package
from local_runner.command.home import Home
from local_runner.servers.mongod import EmbeddedMongod
from local_runner.servers.rabbitmq_server import EmbeddedRabbitmq
from tests.aws_emulator import aws_emulator, client
from tests.infra.events import events
from tests.infra.variables import variables
from tests.response_url import ResponseServer, response_server

SECRETS = ("TOKEN_PRIVATE_KEY", "TOKEN_PUBLIC_KEY")


@dataclass(frozen=True, slots=True)
class Deployment:
    """Each function's event and variables, once with secrets by name and once with their texts."""

    zip: Path
    unpacked: Path
    events: Mapping[str, Event]
    variables: Mapping[str, Mapping[str, str]]
    plain_variables: Mapping[str, Mapping[str, str]]

    @property
    def everything(self) -> Mapping[str, str]:
        """The variables of all functions together."""
        return {name: value for each in self.variables.values() for name, value in each.items()}


@contextmanager
def deployment() -> Iterator[Deployment]:
    """A new one, in which nothing was called yet. Raises PackagingError."""
    with (
        folder() as place,
        EmbeddedMongod(place / "mongod") as mongod,
        EmbeddedRabbitmq(place / "rabbitmq") as rabbitmq,
        aws_emulator() as secrets,
        response_server() as cloudformation,
    ):
        packages = {each.architecture.name: each for each in package(place / "build")}
        arm = platform.machine() in {"aarch64", "arm64"}
        zip_ = packages["arm64" if arm else "x86-64"].zip
        zipfile.ZipFile(zip_).extractall(place / "zip")
        home = Home(place / "home").environment()
        yield _made(
            zip_,
            place / "zip",
            secrets,
            cloudformation,
            _texts(home, mongod.uri, rabbitmq.uri),
            home,
        )


def _texts(home: Mapping[str, str], mongodb: str, rabbitmq: str) -> Mapping[str, str]:
    """What CloudFormation fills in, with the texts of the secrets."""
    broker = urlsplit(rabbitmq)
    return {
        "Stage": "bench",
        "Broker": rabbitmq.replace(f"{broker.username}:{broker.password}@", ""),
        "BrokerSecret": json.dumps({"username": broker.username, "password": broker.password}),
        "MongodbSecret": mongodb,
        "SigningKeySecret": home["TOKEN_PRIVATE_KEY"],
        "VerificationKeysSecret": home["TOKEN_PUBLIC_KEY"],
        "AdministratorSecret": json.dumps({"email": "admin@example.com", "password": "c" * 20}),
    }


def _made(
    zip_: Path,
    unpacked: Path,
    url: str,
    cloudformation: ResponseServer,
    texts: Mapping[str, str],
    home: Mapping[str, str],
) -> Deployment:
    more = {name: home[name] for name in home if name.startswith("AWS_")}
    more["AWS_ENDPOINT_URL"] = url
    secrets = client(url, "secretsmanager", home["AWS_REGION"])
    named = {
        name: secrets.create_secret(Name=name, SecretString=text)["ARN"]
        for name, text in texts.items()
        if name.endswith("Secret")
    }
    step = {"SecretId": named["SigningKeySecret"], "ClientRequestToken": _pending(secrets, texts)}
    asked = events(
        load_spec(ROOT / "openapi.yaml"),
        yaml.safe_load((ROOT / "openapi.yaml").read_text()),
        _token(home),
        {
            "system.prepare": cloudformation.event(),
            "auth.rotate_signing_key": {"Step": "setSecret", **step},
        },
    )
    by_function = dict(asked)
    first = {"system.prepare": by_function.pop("system.prepare")}
    all_events = first | by_function
    return Deployment(
        zip_,
        unpacked,
        all_events,
        {each: {**variables(each, {**texts, **named}), **more} for each in all_events},
        {each: {**variables(each, texts), **more} for each in all_events},
    )


def _pending(secrets: Any, texts: Mapping[str, str]) -> str:
    """The version of the signing key that its rotation is asked to finish."""
    made = secrets.put_secret_value(
        SecretId="SigningKeySecret",
        SecretString=texts["SigningKeySecret"],
        VersionStages=["AWSPENDING"],
    )
    return str(made["VersionId"])


def _token(home: Mapping[str, str]) -> str:
    """Of somebody, for the authorizers."""
    somebody = User(new_id(), "Ada", "ada@example.com", Role.USER, datetime.now(UTC))
    return Deps(environment=home).token_issuer.issue(somebody)[0]
