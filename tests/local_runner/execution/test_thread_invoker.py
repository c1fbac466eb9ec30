"""The invoker: loads handlers, runs them as Lambda would, and says what is wrong with them."""

import asyncio
import logging
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.invoker import Event, FunctionError, FunctionTimedOut, TooManyRequests
from gateway.spec_form import FunctionSettings
from local_runner.execution.function_files import LoadError
from local_runner.execution.lambda_context import LambdaContext
from local_runner.execution.thread_invoker import Handler, ThreadInvoker

WAIT = 10.0


def invoker(
    handler: Handler | None = None, *, seconds: float = WAIT, **options: Any
) -> ThreadInvoker:
    def settings(_: str) -> FunctionSettings:
        return FunctionSettings(timeout_seconds=seconds, memory_megabytes=512)

    made = ThreadInvoker(settings, **options)
    made.use({"a.b": handler} if handler else {})
    return made


def invoke(handler: Handler, event: Event | None = None, **options: Any) -> Any:
    made = invoker(handler, **options)
    try:
        return asyncio.run(made.invoke("a.b", event or {}))
    finally:
        asyncio.run(made.close())


def test_a_handler_gets_the_event_and_its_answer_comes_back() -> None:
    assert invoke(lambda event, _: {"got": event["n"]}, {"n": 1}) == {"got": 1}


def test_the_context_is_lambdas() -> None:
    seen: list[LambdaContext] = []

    invoke(lambda _, context: seen.append(context), seconds=30)

    (context,) = seen
    assert context.function_name == "a-b"
    assert context.function_version == "$LATEST"
    assert context.memory_limit_in_mb == "512"
    assert context.invoked_function_arn.endswith(":function:a-b")
    assert context.log_group_name == "/aws/lambda/a-b"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context.log_stream_name)
    assert context.identity.cognito_identity_id is None
    assert context.client_context is None
    assert str(UUID(context.aws_request_id)) == context.aws_request_id
    assert 0 < context.get_remaining_time_in_millis() <= 30_000


def test_handlers_run_at_the_same_time_and_not_in_the_event_loops_thread() -> None:
    both = threading.Barrier(2, timeout=WAIT)

    def handler(_: Event, __: LambdaContext) -> str:
        both.wait()
        return threading.current_thread().name

    async def scenario() -> None:
        made = invoker(handler)
        names = await asyncio.gather(made.invoke("a.b", {}), made.invoke("a.b", {}))
        assert len(set(names)) == 2
        assert threading.current_thread().name not in names
        await made.close()

    asyncio.run(scenario())


def test_an_error_is_a_function_error_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def handler(_: Event, __: LambdaContext) -> None:
        raise KeyError("missing")

    with pytest.raises(FunctionError) as raised:
        invoke(handler)

    assert (raised.value.error_type, raised.value.message) == ("KeyError", "'missing'")
    (record,) = caplog.records
    assert record.exc_info is not None


def test_unauthorized_is_no_fault_to_be_logged(caplog: pytest.LogCaptureFixture) -> None:
    def handler(_: Event, __: LambdaContext) -> None:
        raise Exception("Unauthorized")  # noqa: TRY002 - as AWS documents it

    with pytest.raises(FunctionError):
        invoke(handler)

    assert caplog.records == []


def test_a_handler_that_exits_does_not_end_the_thread() -> None:
    made = invoker(lambda event, _: sys.exit(3) if event else "alive", threads=1)

    async def scenario() -> None:
        with pytest.raises(FunctionError, match=r"Runtime\.ExitError"):
            await made.invoke("a.b", {"exit": True})
        assert await made.invoke("a.b", {}) == "alive"

    asyncio.run(scenario())
    asyncio.run(made.close())


def test_a_late_handler_times_out_and_an_invocation_that_never_began_never_runs() -> None:
    release = threading.Event()
    runs: list[Event] = []

    def handler(event: Event, _: LambdaContext) -> None:
        runs.append(event)
        release.wait(WAIT)

    async def scenario() -> None:
        made = ThreadInvoker(
            lambda address: FunctionSettings(timeout_seconds=0.05 if address == "a.b" else WAIT),
            threads=1,
        )
        made.use({"a.b": handler, "a.next": lambda *_: "next"})
        for n in range(2):
            with pytest.raises(FunctionTimedOut, match=r"Z \S{36} Task timed out after 0\.05 sec"):
                await made.invoke("a.b", {"n": n})
        release.set()
        assert await made.invoke("a.next", {}) == "next"
        await made.close()

    asyncio.run(scenario())
    assert runs == [{"n": 0}]


def test_too_many_at_once_are_throttled() -> None:
    release = threading.Event()

    async def scenario() -> None:
        made = invoker(lambda *_: release.wait(WAIT), concurrency=2)
        running = [asyncio.ensure_future(made.invoke("a.b", {})) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests):
            await made.invoke("a.b", {})
        release.set()
        assert await asyncio.gather(*running) == [True, True]
        assert await made.invoke("a.b", {}) is True
        await made.close()

    asyncio.run(scenario())


def test_thousands_of_invocations_all_come_back() -> None:
    async def scenario() -> None:
        made = invoker(lambda event, _: event["n"], concurrency=5000)
        answers = await asyncio.gather(*(made.invoke("a.b", {"n": n}) for n in range(5000)))
        assert answers == list(range(5000))
        await made.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, None),
        ((1, 2), [1, 2]),
        ({"a": (1,), 2: "b"}, {"a": [1], "2": "b"}),
        ({"statusCode": 200, "headers": {"a": "b"}, "body": "x"}, ...),
        ("text", "text"),
    ],
)
def test_an_answer_is_what_json_makes_of_it(answer: Any, expected: Any) -> None:
    assert invoke(lambda *_: answer) == (answer if expected is ... else expected)


@pytest.mark.parametrize(
    "answer",
    [{"body": b"\xff"}, {1, 2}, {"statusCode": 200, "headers": {"a": object()}}, uuid4()],
)
def test_an_answer_that_is_no_json_is_a_marshal_error(answer: Any) -> None:
    with pytest.raises(FunctionError, match=r"Runtime\.MarshalError: Unable to marshal response"):
        invoke(lambda *_: answer)


def test_an_answer_over_6_mb_is_an_error() -> None:
    with pytest.raises(FunctionError, match="ResponseSizeTooLarge"):
        invoke(lambda *_: {"statusCode": 200, "body": "x" * (6 * 1024 * 1024 + 100)})
    assert invoke(lambda *_: {"statusCode": 200, "body": "x" * 6_000_000})


def test_a_function_may_have_a_limit_of_its_own_below_that_of_all() -> None:
    release = threading.Event()

    async def scenario() -> None:
        made = ThreadInvoker(
            lambda address: FunctionSettings(concurrency=1 if address == "a.b" else None)
        )
        made.use({"a.b": lambda *_: release.wait(WAIT), "a.other": lambda *_: "other"})
        running = asyncio.ensure_future(made.invoke("a.b", {}))
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests, match=r"1 of a\.b are under way"):
            await made.invoke("a.b", {})
        assert await made.invoke("a.other", {}) == "other"
        release.set()
        assert await running is True
        assert await made.invoke("a.b", {}) is True
        await made.close()

    asyncio.run(scenario())


def test_a_function_with_reserved_concurrency_holds_up_no_other() -> None:
    over = threading.Event()

    def settings(function: str) -> FunctionSettings:
        reserved = 2 if function == "long.poll" else None
        return FunctionSettings(timeout_seconds=WAIT, memory_megabytes=512, concurrency=reserved)

    async def scenario() -> None:
        made = ThreadInvoker(settings, threads=1)
        made.use({"long.poll": lambda *_: over.wait(WAIT), "a.b": lambda *_: "done"})
        polls = [asyncio.ensure_future(made.invoke("long.poll", {})) for _ in range(2)]
        await asyncio.sleep(0)
        assert await made.invoke("a.b", {}) == "done"
        assert not any(poll.done() for poll in polls)
        with pytest.raises(TooManyRequests):
            await made.invoke("long.poll", {})
        over.set()
        assert await asyncio.gather(*polls) == [True, True]
        await made.close()

    asyncio.run(scenario())


def test_a_function_that_is_not_loaded() -> None:
    with pytest.raises(FunctionError, match=r"a\.b is not loaded"):
        asyncio.run(invoker().invoke("a.b", {}))


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """An importable package of functions with one good function, `shop.good`."""
    name = f"functions_{uuid4().hex}"
    folder = tmp_path / name / "shop"
    folder.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "good.py").write_text("def handler(event, context):\n    return 'good'\n")
    sys.path.insert(0, str(tmp_path))
    yield tmp_path / name
    sys.path.remove(str(tmp_path))


def test_handlers_are_loaded_by_their_addresses(package: Path) -> None:
    made = invoker(package=package.name)
    made.load_all(["shop.good"])

    assert asyncio.run(made.invoke("shop.good", {})) == "good"
    asyncio.run(made.close())


def test_all_that_is_wrong_is_said_at_once(package: Path) -> None:
    (package / "shop" / "empty.py").touch()
    (package / "shop" / "broken.py").write_text("1 / 0\n")
    (package / "shop" / "needy.py").write_text("import surely_not_there\n")
    (package / "shop" / "gives_up.py").write_text("import sys\nsys.exit(3)\n")
    made = invoker(package=package.name)
    logging.getLogger("local_runner.execution.thread_invoker").disabled = True

    with pytest.raises(LoadError) as raised:
        made.load_all(
            [f"shop.{name}" for name in ("good", "empty", "broken", "needy", "gone", "gives_up")]
            + ["no.thing"]
        )

    logging.getLogger("local_runner.execution.thread_invoker").disabled = False
    lines = str(raised.value).replace(package.name, "functions").splitlines()
    assert lines == [
        "no.thing: there is no functions/no/thing.py: write it",
        (
            "shop.broken: importing functions/shop/broken.py failed: "
            "ZeroDivisionError('division by zero')"
        ),
        "shop.empty: functions/shop/empty.py has no function named handler",
        "shop.gives_up: importing functions/shop/gives_up.py failed: SystemExit(3)",
        "shop.gone: there is no functions/shop/gone.py: write it",
        "shop.needy: functions/shop/needy.py imports surely_not_there, which is missing",
    ]
