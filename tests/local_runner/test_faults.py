"""Each fault strikes what it should, as often as it should, and nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.session
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.sync.client import connect

from gateway.app import create_app
from gateway.invoker import Event, FunctionError, FunctionTimedOut, InvocationError, TooManyRequests
from gateway.spec import parse_spec
from local_runner.event_source import Received
from local_runner.faults import Faults
from local_runner.queue_event import queue_event
from local_runner.samples import websocket
from local_runner.samples.request import Request
from tests.gateway.served import WAIT, Functions, Served, serving

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /orders: { get: { operationId: orders.list } }
x-websocket:
  authorizer: live.authorize
  routes:
    $connect: { function: live.connect }
    $disconnect: { function: live.disconnect }
    $default: { function: live.message }
x-functions:
  orders.list: { timeoutSeconds: 0.1 }
"""
PARSED = parse_spec(SPEC)
CONNECT = websocket.connect_event(PARSED, Request("GET", "/"), None)
MESSAGE = websocket.message_event(PARSED, "hello", None)
DISCONNECT = websocket.disconnect_event(PARSED, 1000, None, None)
AUTHORIZER = websocket.authorizer_event(PARSED, Request("GET", "/"))


class FakeInvoker:
    """Keeps what it was invoked with, and when."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.times: list[float] = []

    async def invoke(self, function: str, event: Event) -> Any:
        self.events.append((function, json.loads(json.dumps(event))))
        self.times.append(asyncio.get_running_loop().time())
        event.clear()  # it belongs to the function
        return len(self.events)


def outcomes(invoker: FakeInvoker, rules: list[str], *calls: tuple[str, Event]) -> list[Any]:
    """The answer of each call, or the class of its error."""

    async def scenario() -> list[Any]:
        wrapped = Faults.parse(rules, PARSED).wrap_invoker(invoker)
        found: list[Any] = []
        for function, event in calls:
            try:
                found.append(await wrapped.invoke(function, json.loads(json.dumps(event))))
            except InvocationError as error:
                found.append(type(error))
        return found

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("rule", "error"), [("throttle:3", TooManyRequests), ("fail:3", FunctionError)]
)
def test_every_third_invocation_goes_wrong(rule: str, error: type[InvocationError]) -> None:
    invoker = FakeInvoker()

    found = outcomes(invoker, [rule], *[("orders.list", {})] * 7)

    assert found == [1, 2, error, 3, 4, error, 5]


def test_a_rule_of_a_function_neither_strikes_nor_counts_others() -> None:
    calls: list[tuple[str, Event]] = [("live.message", MESSAGE), ("orders.list", {})] * 3

    found = outcomes(FakeInvoker(), ["fail:2:orders.list"], *calls)

    assert found == [1, 2, 3, FunctionError, 4, 5]


def test_rules_add_up() -> None:
    found = outcomes(FakeInvoker(), ["fail:2", "throttle:3"], *[("orders.list", {})] * 6)

    assert found == [1, FunctionError, 2, FunctionError, TooManyRequests, FunctionError]


def test_every_strike_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    outcomes(FakeInvoker(), ["fail:2"], *[("orders.list", {})] * 4)

    assert [record.message for record in caplog.records] == [
        "--fault fail:2 strikes: orders.list"
    ] * 2


def test_disconnects_are_lost_and_other_events_are_not() -> None:
    invoker = FakeInvoker()
    calls = [("live.connect", CONNECT), ("live.message", MESSAGE), ("live.disconnect", DISCONNECT)]

    found = outcomes(invoker, ["disconnect-lost:1"], *calls)

    assert found == [1, 2, {"statusCode": 200}]
    assert [function for function, _ in invoker.events] == ["live.connect", "live.message"]


def test_a_late_disconnect_comes_later_and_the_gateway_does_not_wait() -> None:
    invoker = FakeInvoker()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        wrapped = Faults.parse(["disconnect-late:100ms"], PARSED).wrap_invoker(invoker)
        began = loop.time()
        await wrapped.invoke("live.disconnect", dict(DISCONNECT))
        assert loop.time() - began < 0.1
        await wrapped.invoke("live.message", dict(MESSAGE))
        while len(invoker.events) < 2:
            assert loop.time() - began < WAIT
            await asyncio.sleep(0.005)
        assert invoker.events[1] == ("live.disconnect", DISCONNECT)
        assert invoker.times[1] - began >= 0.1

    asyncio.run(scenario())


def test_a_batch_comes_twice_and_the_second_time_as_redelivered() -> None:
    invoker = FakeInvoker()
    batch = queue_event("q", [Received(b"one"), Received(b"two")])
    calls = [("dispatch.work", batch), ("dispatch.work", batch), ("orders.list", {})]

    found = outcomes(invoker, ["batch-twice:2"], *calls)

    assert found == [1, 3, 4]
    assert [event for _, event in invoker.events[:2]] == [batch, batch]
    again = invoker.events[2][1]["rmqMessagesByQueue"]["q::/"]
    expected = batch["rmqMessagesByQueue"]["q::/"]
    assert again == [{**record, "redelivered": True} for record in expected]


def test_a_slow_authorizer_is_waited_for_and_other_functions_are_quick() -> None:
    invoker = FakeInvoker()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        wrapped = Faults.parse(["authorizer-slow:100ms"], PARSED).wrap_invoker(invoker)
        began = loop.time()
        await wrapped.invoke("live.connect", dict(CONNECT))
        await wrapped.invoke("live.authorize", dict(AUTHORIZER))
        assert invoker.times[0] - began < 0.1
        assert invoker.times[1] - began >= 0.1

    asyncio.run(scenario())


def test_a_function_slower_than_its_own_time_limit_times_out() -> None:
    invoker = FakeInvoker()

    found = outcomes(invoker, ["slow:10s:orders.list"], ("orders.list", {}), ("live.message", {}))

    assert found == [FunctionTimedOut, 1]
    assert invoker.events == [("live.message", {})]


def test_without_such_rules_nothing_is_wrapped() -> None:
    invoker = FakeInvoker()
    assert Faults.parse(["push-gone:1"], PARSED).wrap_invoker(invoker) is invoker
    with serving(SPEC, {}) as served:
        assert Faults.parse(["fail:1"], PARSED).wrap_app(served.app) is served.app


def answer(_: Event) -> Mapping[str, Any]:
    return {"statusCode": 200}


def authorize(event: Event) -> Mapping[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}}


@contextmanager
def served_with(*rules: str) -> Iterator[Served]:
    functions = {
        "orders.list": answer,
        "live.authorize": authorize,
        "live.connect": answer,
        "live.disconnect": answer,
        "live.message": answer,
    }
    faults = Faults.parse(rules, PARSED)
    with serving(SPEC, functions) as served:
        config = served.server.config
        # What the runner gives to uvicorn in place of the bare gateway.
        config.loaded_app = faults.wrap_app(served.app)
        yield served


def pushed(client: Any, connection_id: str, data: bytes) -> Any:
    try:
        client.post_to_connection(ConnectionId=connection_id, Data=data)
    except ClientError as error:
        return type(error)
    return data


def test_pushes_are_refused_as_the_service_does_and_all_else_goes_on() -> None:
    with served_with("push-gone:2", "push-throttled:3") as served:
        client = botocore.session.get_session().create_client(
            "apigatewaymanagementapi",
            endpoint_url=f"{served.url}/ws",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )
        gone, throttled = client.exceptions.GoneException, client.exceptions.LimitExceededException
        with connect(served.websocket_url) as connection:
            [event] = served.events_of("live.connect")
            connection_id = event["requestContext"]["connectionId"]
            data = [b"1", b"2" * 130_000, b"3", b"4", b"5", b"6"]
            found = []
            for each in data:
                found.append(pushed(client, connection_id, each))
                client.get_connection(ConnectionId=connection_id)  # neither struck nor counted
            assert found == [b"1", gone, throttled, gone, b"5", gone]
            assert [connection.recv(timeout=WAIT) for _ in range(2)] == ["1", "5"]
        assert served.http.get("/orders").status_code == 200


def test_a_refused_push_is_read_to_its_end() -> None:
    parts = [{"body": b"1", "more_body": True}, {"body": b"2", "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", **parts.pop(0)}

    async def send(message: Any) -> None:
        assert not parts
        sent.append(message)

    app = create_app(PARSED, FakeInvoker(), endpoint_url="http://127.0.0.1")
    wrapped = Faults.parse(["push-gone:1"], PARSED).wrap_app(app)
    scope = {"type": "http", "method": "POST", "path": "/@connections/BFHPhfCWIAMCKlQ="}

    async def scenario() -> None:
        await wrapped(scope, receive, send)

    asyncio.run(scenario())
    assert sent[0]["status"] == 410


def test_a_throttled_function_is_429_to_its_client() -> None:
    async def scenario() -> list[int]:
        faults = Faults.parse(["throttle:2:orders.list"], PARSED)
        invoker = faults.wrap_invoker(Functions({"orders.list": answer}))
        app = create_app(PARSED, invoker, endpoint_url="http://127.0.0.1")
        transport = httpx.ASGITransport(app=faults.wrap_app(app))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
            return [(await client.get("/orders")).status_code for _ in range(4)]

    assert asyncio.run(scenario()) == [200, 429, 200, 429]
