"""The packaged functions run for real: in containers, by AWS's runtime client and moto's Lambda.

Each invocation is a new container that holds the zip and nothing else of Belfry, with the memory,
the time and the variables of the template; what are secrets there are secrets of moto. MongoDB,
RabbitMQ and the place that pushes go to are this machine's.

The image is made from AWS's own for this Python where that can be fetched. Where it cannot, it is
made from `python:…-slim`, and then this shows that the zip and AWS's runtime client fit together on
Debian, and not that they do on Amazon Linux. moto enforces no policy and has no microVM: what a
role may do, and how fast Lambda is, is not shown in either case.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pika
import pytest

from belfry.signing_keys import PLACEHOLDER
from belfry.topology import delivery_queues
from gateway.invoker import Event
from gateway.spec import load_spec
from infra.package import ROOT
from local_runner.event_source import Received
from local_runner.samples import http, trigger, websocket
from local_runner.samples.request import Request
from tests.infra.conftest import Packages
from tests.infra.container.image import image, why_not
from tests.infra.container.lambdas import FunctionError, Lambdas, moto
from tests.push_endpoint import PushEndpoint
from tests.response_url import response_server

pytestmark = pytest.mark.docker

SPEC = load_spec(ROOT / "openapi.yaml")
ADMINISTRATOR = {"email": "admin@example.com", "password": "correct horse battery"}
ADA = {"username": "Ada", "email": "ada@example.com", "password": "correct horse battery"}


@pytest.fixture(scope="session", autouse=True)
def docker() -> None:
    """Asked for first, before a server is started in vain."""
    if missing := why_not():
        pytest.skip(f"containers are needed, and {missing}")


@pytest.fixture(scope="module")
def lambdas(
    packages: Packages,
    mongodb_uri: str,
    rabbitmq_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lambdas]:
    """A deployment that CloudFormation has not prepared yet."""
    package = packages["arm64" if platform.machine() in {"aarch64", "arm64"} else "x86-64"]
    with image(tmp_path_factory.mktemp("image")) as name, moto(name) as url:
        made = Lambdas(url, package, SPEC, f"container_{uuid4().hex[:12]}")
        broker = urlsplit(rabbitmq_url)
        made.values["Broker"] = rabbitmq_url.replace(f"{broker.username}:{broker.password}@", "")
        credentials = {"username": broker.username, "password": broker.password}
        made.add_secret("BrokerSecret", json.dumps(credentials))
        made.add_secret("MongodbSecret", mongodb_uri)
        made.add_secret("SigningKeySecret", PLACEHOLDER)
        made.add_secret("VerificationKeysSecret", PLACEHOLDER)
        made.add_secret("AdministratorSecret", json.dumps(ADMINISTRATOR))
        yield made


@pytest.fixture(scope="module")
def prepared(lambdas: Lambdas) -> Mapping[str, Any]:
    """What CloudFormation is told."""
    with response_server() as cloudformation:
        lambdas.invoke("system.prepare", cloudformation.event())
        (answer,) = cloudformation.answers
        return answer


@pytest.fixture(scope="module")
def administrator(lambdas: Lambdas, prepared: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the authorizer says of the administrator's token."""
    assert prepared["Status"] == "SUCCESS", prepared
    token = _posted(lambdas, "auth.login", "/api/login", ADMINISTRATOR)["token"]
    permission = lambdas.invoke("auth.authorize", _asks_who(token))
    assert permission["isAuthorized"] is True
    context: Mapping[str, Any] = permission["context"]
    return context


def test_the_deployment_is_prepared(prepared: Mapping[str, Any]) -> None:
    assert prepared["Status"] == "SUCCESS", prepared


def test_its_parts_answer(lambdas: Lambdas, prepared: Mapping[str, Any]) -> None:
    event = http.function_event(SPEC, Request("GET", "/api/health"), None)
    health = _body(lambdas.invoke("system.health", event), 200)
    assert health == {"status": "ok", "parts": {"mongodb": "ok", "queue": "ok"}}


def test_a_token_tells_who_logged_in(administrator: Mapping[str, Any]) -> None:
    assert administrator["role"] == "admin"


def test_a_token_of_nobody_is_refused(lambdas: Lambdas, prepared: Mapping[str, Any]) -> None:
    with pytest.raises(FunctionError, match="Unauthorized"):
        lambdas.invoke("auth.authorize", _asks_who("e30.e30.e30"))


def test_a_notification_reaches_an_open_device_and_the_inbox(
    lambdas: Lambdas, administrator: Mapping[str, Any], rabbitmq_url: str
) -> None:
    ada = _posted(lambdas, "auth.register", "/api/register", ADA, 201)
    with PushEndpoint() as device:
        lambdas.invoke("realtime.connections", _opens(ada["id"], device))
        new = {"userId": ada["id"], "message": "The coffee is ready."}
        path = "/api/notifications"
        sent = _posted(lambdas, "notifications.create", path, new, 201, administrator)
        queue, message = _waiting(rabbitmq_url)
        lambdas.invoke("dispatch.deliver", trigger.rmq_event(SPEC, queue, [message]))
        assert device.delivered() == [sent["id"]]
    reader = {**administrator, "userId": ada["id"], "role": "user"}
    asked = http.function_event(SPEC, Request("GET", path), reader)
    inbox = _body(lambdas.invoke("notifications.list", asked), 200)
    assert [item["message"] for item in inbox["items"]] == ["The coffee is ready."]
    assert inbox["unreadCount"] == 1


def _posted(
    lambdas: Lambdas,
    function: str,
    path: str,
    body: Mapping[str, Any],
    status: int = 200,
    context: Mapping[str, Any] | None = None,
) -> Any:
    event = http.function_event(SPEC, Request("POST", path, (), json.dumps(body).encode()), context)
    return _body(lambdas.invoke(function, event), status)


def _body(answer: Mapping[str, Any], status: int) -> Any:
    assert answer["statusCode"] == status, answer
    return json.loads(answer["body"])


def _asks_who(token: str) -> Event:
    headers = (("authorization", f"Bearer {token}"),)
    return http.authorizer_event(SPEC, Request("GET", "/api/me", headers))


def _opens(user_id: str, device: PushEndpoint) -> Event:
    context = {"principalId": user_id, "role": "user", "scheme": "http"}
    event = websocket.connect_event(SPEC, Request("GET", "/ws"), context)
    place = {"domainName": urlsplit(device.url).netloc}  # where API Gateway would be
    return {**event, "requestContext": {**event["requestContext"], **place}}


def _waiting(rabbitmq_url: str) -> tuple[str, Received]:
    """The message that an event source mapping would invoke the dispatcher with, and its queue."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq_url)) as connection:
        channel = connection.channel()
        for queue in delivery_queues():
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            if method is not None:
                return queue, Received(body, properties.headers or {})
    raise AssertionError("There is no message in any queue of deliveries.")
