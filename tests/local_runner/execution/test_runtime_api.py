"""The Runtime API: what AWS's client asks, in any pieces, and what nobody should ask."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.invoker import FunctionError
from local_runner.execution.runtime_api import Invocation, RuntimeApi

NEXT = "/2018-06-01/runtime/invocation/next"
INVOCATION = Invocation("id-1", b'{"n": 1}', 1_800_000_000.5, "arn:aws:lambda:a")


class Client:
    """A runtime on one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.CLIENT)

    async def send(self, method: str, path: str, body: bytes = b"", pieces: int = 1) -> None:
        headers = [("host", "runtime"), ("content-length", str(len(body)))]
        parts = [h11.Request(method=method, target=path, headers=headers)]
        sent = b"".join(
            self._http.send(part) or b""
            for part in (*parts, h11.Data(data=body), h11.EndOfMessage())
        )
        size = -(-len(sent) // pieces)
        for start in range(0, len(sent), size):
            self._writer.write(sent[start : start + size])
            await asyncio.sleep(0)
        await self._writer.drain()

    async def receive(self) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = 0, {}, b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                assert isinstance(event, h11.EndOfMessage)
                self._http.start_next_cycle()
                return status, headers, body

    async def ask(
        self, method: str, path: str, body: bytes = b"", pieces: int = 1
    ) -> tuple[int, Any]:
        await self.send(method, path, body, pieces)
        status, _, answer = await self.receive()
        return status, json.loads(answer)

    async def answer(
        self, what: str, body: bytes, request_id: str = "id-1", pieces: int = 1
    ) -> int:
        path = f"/2018-06-01/runtime/invocation/{request_id}/{what}"
        status, _ = await self.ask("POST", path, body, pieces)
        return status

    def close(self) -> None:
        self._writer.close()


Connect = Callable[[], Awaitable[Client]]


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[RuntimeApi, Connect]]:
    api = RuntimeApi()
    host, port = (await api.open()).split(":")
    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(Client(*await asyncio.open_connection(host, int(port))))
        return clients[-1]

    try:
        async with asyncio.timeout(10):
            yield api, connect
    finally:
        for client in clients:
            client.close()
        api.close()


def test_next_waits_for_an_event_and_carries_what_lambda_says() -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            runtime = await connect()
            assert not api.ready.done()
            await runtime.send("GET", NEXT)
            await api.ready
            answer = api.send(INVOCATION)
            status, headers, body = await runtime.receive()
            assert (status, body) == (200, INVOCATION.event)
            assert headers["lambda-runtime-aws-request-id"] == "id-1"
            assert headers["lambda-runtime-deadline-ms"] == "1800000000500"
            assert headers["lambda-runtime-invoked-function-arn"] == "arn:aws:lambda:a"
            assert headers["content-type"] == "application/json"
            assert not api.ready.done()
            assert await runtime.answer("response", b'{"ok": true}') == 202
            assert await answer == {"ok": True}

    asyncio.run(scenario())


def test_an_event_waits_for_a_runtime_that_connects_again() -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            first = await connect()
            await first.send("GET", NEXT)
            await api.ready
            first.close()
            deadline = time.monotonic() + 10
            while api.ready.done():
                assert time.monotonic() < deadline
                await asyncio.sleep(0.001)
            api.send(INVOCATION)
            second = await connect()
            await second.send("GET", NEXT)
            assert (await second.receive())[2] == INVOCATION.event

    asyncio.run(scenario())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_any_answer_in_any_pieces(answer: Any) -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            runtime = await connect()
            for pieces in (1, 7, 1000):
                await runtime.send("GET", NEXT, pieces=pieces)
                future = api.send(INVOCATION)
                await runtime.receive()
                await runtime.answer("response", json.dumps(answer).encode(), pieces=pieces)
                assert await future == answer

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b'{"errorType": "ValueError", "errorMessage": "boom"}', "ValueError", "boom"),
        (b'{"errorType": null, "stackTrace": []}', "Runtime.Unknown", ""),
        (b"[]", "Runtime.Unknown", ""),
        (b"no json", "Runtime.Unknown", ""),
        pytest.param(b"[" * 100_000, "Runtime.Unknown", "", id="nested"),
        (b"", "Runtime.Unknown", ""),
    ],
)
def test_errors_of_the_function_and_of_its_start(body: bytes, kind: str, message: str) -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            runtime = await connect()
            answer = api.send(INVOCATION)
            await runtime.send("GET", NEXT)
            await runtime.receive()
            assert await runtime.answer("error", body) == 202
            assert (await runtime.ask("POST", "/2018-06-01/runtime/init/error", body))[0] == 202
            for future in (answer, api.ready):
                with pytest.raises(FunctionError) as raised:
                    await future
                assert (raised.value.error_type, raised.value.message) == (kind, message)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", NEXT),
        ("GET", "/2018-06-01/runtime/init/error"),
        ("POST", "/2018-06-01/runtime/response"),
        ("POST", "/2018-06-01/runtime/invocation/id-1/other"),
    ],
)
def test_other_calls_are_not_found(method: str, path: str) -> None:
    async def scenario() -> None:
        async with serving() as (_, connect):
            status, answer = await (await connect()).ask(method, path)
            assert (status, answer["errorType"]) == (404, "NotFound")

    asyncio.run(scenario())


def test_only_the_invocation_under_way_can_be_answered_and_once() -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            runtime = await connect()
            assert await runtime.answer("response", b"0") == 400
            answer = api.send(INVOCATION)
            await runtime.send("GET", NEXT)
            await runtime.receive()
            assert await runtime.answer("response", b"0", "id-0") == 400
            assert await runtime.answer("response", b"1") == 202
            assert await runtime.answer("response", b"2") == 400
            assert await runtime.answer("error", b"{}") == 400
            assert await answer == 1

    asyncio.run(scenario())


def test_what_is_no_http_closes_the_connection_and_only_that() -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            reader, writer = await asyncio.open_connection(*(await _address(api)))
            writer.write(b"\x16\x03\x01 no http\r\n\r\n")
            assert await reader.read() == b""
            writer.close()
            runtime = await connect()
            await runtime.send("GET", NEXT)
            await api.ready

    asyncio.run(scenario())


async def _address(api: RuntimeApi) -> tuple[str, int]:
    assert api._server
    host, port = api._server.sockets[0].getsockname()
    return host, port


def test_when_the_runtime_is_gone_whatever_is_awaited_fails() -> None:
    async def scenario() -> None:
        async with serving() as (api, _):
            answer = api.send(INVOCATION)
            api.fail(FunctionError("Runtime.ExitError", "gone"))
            for future in (answer, api.ready):
                with pytest.raises(FunctionError, match="gone"):
                    await future

    asyncio.run(scenario())


def test_a_runtime_that_was_ready_stays_gone_when_its_connection_ends_too() -> None:
    async def scenario() -> None:
        async with serving() as (api, connect):
            client = await connect()
            await client.send("GET", NEXT)
            await api.ready
            api.fail(FunctionError("Runtime.ExitError", "gone"))
            client.close()
            # Heard of in its turn, before the next connection.
            await (await connect()).ask("GET", "/nothing")
            with pytest.raises(FunctionError, match="gone"):
                await asyncio.wait_for(api.ready, 1)

    asyncio.run(scenario())
