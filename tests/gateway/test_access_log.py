"""The access log has an entry for whatever the gateway answers."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway.access_log import Access
from gateway.app import create_app
from gateway.invoker import Event
from gateway.spec import parse_spec
from tests.gateway.served import WAIT, Function, eventually, serving

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /users/{id}: { get: { operationId: users.get } }
  /secret: { get: { operationId: users.secret, security: [{ bearer: [] }] } }
components:
  securitySchemes:
    bearer: { type: http, scheme: bearer, x-authorizer: { function: auth.authorize } }
x-websocket:
  routes:
    $connect: { function: live.connect }
    $disconnect: { function: live.disconnect }
    echo: { function: live.echo }
    fail: { function: live.fail }
"""


def fail(event: Event) -> Any:
    raise ValueError("boom")


def on_connect(event: Event) -> Any:
    return {"statusCode": 403 if "queryStringParameters" in event else 200}


FUNCTIONS: dict[str, Function] = {
    "users.get": lambda event: event["requestContext"]["requestId"],
    "users.secret": fail,
    "auth.authorize": fail,
    "live.connect": on_connect,
    "live.disconnect": fail,
    "live.echo": lambda event: None,
    "live.fail": fail,
}


async def page(_: Request) -> PlainTextResponse:
    return PlainTextResponse("a page", 203)


def test_http_requests() -> None:
    entries: list[Access] = []
    with serving(
        SPEC, FUNCTIONS, access_log=entries.append, extra_routes=[Route("/page", page)]
    ) as served:
        request_id = served.http.get("/users/1").json()
        for path in ("/secret", "/nothing?ticket=t", "/page"):
            served.http.get(path)
        served.http.post("/ws/@connections/x", content="x")
        eventually(lambda: len(entries) == 5)

    assert [(e.api, e.route, e.function, e.status) for e in entries] == [
        ("http", "GET /users/{id}", "users.get", 200),
        ("http", "GET /secret", "users.secret", 401),
        ("http", "GET /nothing", None, 404),
        ("http", "GET /page", None, 203),
        ("websocket", "POST /@connections/{connectionId}", None, 400),
    ]
    assert entries[0].request_id == request_id
    assert all(0 < entry.seconds < WAIT for entry in entries)


class Broken:
    """An invoker that fails in a way which none should."""

    async def invoke(self, function: str, event: Event) -> Any:
        raise RuntimeError(function)


def test_an_invoker_that_breaks_at_an_authorizer(caplog: pytest.LogCaptureFixture) -> None:
    entries: list[Access] = []
    app = create_app(
        parse_spec(SPEC), Broken(), endpoint_url="http://127.0.0.1", access_log=entries.append
    )

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/secret", headers={"authorization": "t"})

    response = asyncio.run(get())

    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert [(entry.route, entry.status) for entry in entries] == [("GET /secret", 500)]
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_connection() -> None:
    entries: list[Access] = []
    with serving(SPEC, FUNCTIONS, access_log=entries.append) as served:
        for wrong in ("?no=1", "/other?ticket=t"):
            with pytest.raises(InvalidStatus), connect(served.websocket_url + wrong):
                pass
        with connect(served.websocket_url) as connection:
            for text in ('{"action": "echo"}', '{"action": "fail"}', "neither"):
                connection.send(text)
        eventually(lambda: len(entries) == 7)

    assert {entry.api for entry in entries} == {"websocket"}
    assert [(entry.route, entry.function, entry.status) for entry in entries] == [
        ("$connect", "live.connect", 403),
        ("GET /ws/other", None, 403),
        ("$connect", "live.connect", 101),
        ("echo", "live.echo", 200),
        ("fail", "live.fail", 500),
        ("$default", None, 403),
        ("$disconnect", "live.disconnect", 500),
    ]


def test_a_cold_start_is_told() -> None:
    entries: list[Access] = []
    with serving(SPEC, FUNCTIONS, access_log=entries.append) as served:
        served.functions.cold = True
        served.http.get("/users/1")
        served.functions.cold = False
        served.http.get("/users/1")
        with connect(served.websocket_url) as connection:
            served.functions.cold = True
            connection.send('{"action": "echo"}')
            eventually(lambda: len(entries) == 4)
            served.functions.cold = False
        eventually(lambda: len(entries) == 5)

    assert [entry.cold for entry in entries] == [True, False, False, True, False]
