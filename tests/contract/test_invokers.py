"""Functions in threads and functions in processes: for a caller they are the same."""

import asyncio
import importlib.util
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.invoker import (
    Event,
    FunctionError,
    FunctionTimedOut,
    InvocationError,
    Invoker,
    RequestTooLarge,
    TooManyRequests,
    cold_start,
)
from local_runner.execution.process_invoker import ProcessInvoker
from local_runner.execution.thread_invoker import ThreadInvoker
from tests.local_runner.execution.functions_project import FunctionsProject

MEGABYTES_6 = 6 * 1024 * 1024
FUNCTION = "shop.order"

Scenario = Callable[[Invoker], Awaitable[Any]]
Run = Callable[[Scenario], Any]


@pytest.fixture
def project(tmp_path: Path) -> FunctionsProject:
    return FunctionsProject(tmp_path / "project")


@pytest.fixture(params=["thread", "process"])
def run(request: pytest.FixtureRequest, project: FunctionsProject) -> Run:
    """Runs a scenario on an invoker of the functions that the test has written."""

    async def in_threads(scenario: Scenario) -> Any:
        invoker = ThreadInvoker(project.spec.settings)
        invoker.use({address: _handler(project, address) for address in project.spec.addresses()})
        try:
            return await scenario(invoker)
        finally:
            await invoker.close()

    async def in_processes(scenario: Scenario) -> Any:
        invoker = ProcessInvoker(project.spec, project.root)
        invoker.load_all(project.spec.addresses())
        try:
            return await scenario(invoker)
        finally:
            await invoker.close()

    running = in_threads if request.param == "thread" else in_processes
    return lambda scenario: asyncio.run(running(scenario))


def _handler(project: FunctionsProject, address: str) -> Any:
    spec = importlib.util.spec_from_file_location(address, project.file(address))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def each(*events: Event) -> Scenario:
    """Invoke the function with one event after the other: its answers, or how it failed."""

    async def scenario(invoker: Invoker) -> list[Any]:
        results: list[Any] = []
        for event in events:
            try:
                results.append(await invoker.invoke(FUNCTION, event))
            except InvocationError as error:
                results.append(error)
        return results

    return scenario


def failures(results: list[Any]) -> list[tuple[str, str]]:
    assert all(isinstance(each, FunctionError) for each in results), results
    return [(each.error_type, each.message) for each in results]


def test_the_event_arrives_and_the_answer_comes_back(project: FunctionsProject, run: Run) -> None:
    project.write(FUNCTION, "def handler(event, context): return event")
    events: list[Event] = [
        {},
        {"body": "ä€😀", "n": 1, "x": 1.5, "list": [None, True, {"": []}]},
        {"body": "é" * 1_000_000},
    ]
    assert run(each(*events)) == events


def test_an_answer_is_what_json_makes_of_it(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        from decimal import Decimal
        ANSWERS = [
            None, "text", (1, 2), {"a": (1,), 2: "b"}, {"n": Decimal("1.50"), "i": Decimal(3)},
            b'{"statusCode": 204}', {"body": b"text"},
        ]
        def handler(event, context):
            return ANSWERS[event["n"]]
        """,
    )
    assert run(each(*({"n": n} for n in range(7)))) == [
        None,
        "text",
        [1, 2],
        {"a": [1], "2": "b"},
        {"n": 1.5, "i": 3},
        {"statusCode": 204},
        {"body": "text"},
    ]


def test_an_answer_that_is_no_json(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        ANSWERS = [{"body": b"\\xff"}, {1, 2}, object(), b"\\x00", b"[" * 100_000]
        def handler(event, context):
            return ANSWERS[event["n"]]
        """,
    )
    for kind, message in failures(run(each(*({"n": n} for n in range(5))))):
        assert kind == "Runtime.MarshalError"
        assert message.startswith("Unable to marshal response: ")


def test_what_a_function_raises(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        def again(): return again()
        def handler(event, context):
            if event["raise"] == "recursion":
                again()
            raise ValueError(event["raise"])
        """,
    )
    results = run(each({"raise": "boom"}, {"raise": "recursion"}, {"raise": ""}))

    assert [kind for kind, _ in failures(results)] == ["ValueError", "RecursionError", "ValueError"]
    messages = [message for _, message in failures(results)]
    assert messages[0] == "boom"
    assert messages[1].startswith("maximum recursion depth exceeded")
    assert messages[2] == ""


def test_a_function_that_exits(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        import sys
        def handler(event, context):
            if "exit" in event:
                sys.exit(event["exit"])
            return "alive"
        """,
    )
    *exits, alive = run(each({"exit": 3}, {"exit": None}, {"exit": "text"}, {}))

    ends = [
        "with error: exit status 3",
        "without providing a reason",
        "with error: exit status 1",
    ]
    for (kind, message), end in zip(failures(exits), ends, strict=True):
        assert kind == "Runtime.ExitError"
        assert re.fullmatch(rf"RequestId: \S{{36}} Error: Runtime exited {end}", message)
    assert alive == "alive"


def test_a_function_whose_time_is_over(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        import time
        def handler(event, context):
            time.sleep(event["seconds"])
            return "in time"
        """,
        timeoutSeconds=0.25,
    )
    late, in_time = run(each({"seconds": 1}, {"seconds": 0}))

    assert isinstance(late, FunctionTimedOut)
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(rf"{moment} \S{{36}} Task timed out after 0\.25 seconds", str(late))
    assert in_time == "in time"


def test_an_event_has_6_mb_at_most(project: FunctionsProject, run: Run) -> None:
    project.write(FUNCTION, "def handler(event, context): return len(event['body'])")
    around = len(json.dumps({"body": ""}, separators=(",", ":")))
    largest = MEGABYTES_6 - around

    fits, too_large, of_two_bytes = run(
        each({"body": "x" * largest}, {"body": "x" * (largest + 1)}, {"body": "é" * largest})
    )

    assert fits == largest
    assert isinstance(too_large, RequestTooLarge)
    assert isinstance(of_two_bytes, RequestTooLarge)


def test_an_answer_has_6_mb_at_most(project: FunctionsProject, run: Run) -> None:
    project.write(FUNCTION, "def handler(event, context): return 'x' * event['size']")

    fits, too_large, again = run(
        each({"size": MEGABYTES_6}, {"size": MEGABYTES_6 + 100}, {"size": 1})
    )

    assert len(fits) == MEGABYTES_6
    assert failures([too_large]) == [
        (
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        )
    ]
    assert again == "x"


def test_the_context_is_lambdas(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        def handler(event, context):
            return {
                "function_name": context.function_name,
                "function_version": context.function_version,
                "memory_limit_in_mb": context.memory_limit_in_mb,
                "invoked_function_arn": context.invoked_function_arn,
                "log_group_name": context.log_group_name,
                "client_context": context.client_context,
                "identity": context.identity.cognito_identity_id,
                "stream": context.log_stream_name,
                "request": context.aws_request_id,
                "remaining": context.get_remaining_time_in_millis(),
            }
        """,
        memoryMegabytes=512,
        timeoutSeconds=7,
    )
    first, second = run(each({}, {}))

    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", first["stream"])
    assert second.pop("stream") == first.pop("stream")
    assert second.pop("request") != first.pop("request")
    assert 6_000 < first.pop("remaining") <= 7_000
    assert first == {
        "function_name": "shop-order",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "512",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:shop-order",
        "log_group_name": "/aws/lambda/shop-order",
        "client_context": None,
        "identity": None,
    }


def test_globals_stay(project: FunctionsProject, run: Run) -> None:
    project.write(
        FUNCTION,
        """
        seen = []
        def handler(event, context):
            seen.append(event["n"])
            return seen
        """,
    )
    assert run(each({"n": 1}, {"n": 2}, {"n": 3}))[-1] == [1, 2, 3]


def test_the_first_invocation_is_a_cold_start(project: FunctionsProject, run: Run) -> None:
    project.write(FUNCTION, "def handler(event, context): return event")

    async def scenario(invoker: Invoker) -> list[bool]:
        cold = []
        for _ in range(3):
            cold_start.set(False)
            await invoker.invoke(FUNCTION, {})
            cold.append(cold_start.get())
        return cold

    assert run(scenario) == [True, False, False]


def test_more_at_once_than_reserved_are_throttled(project: FunctionsProject, run: Run) -> None:
    source = """
        import time
        from pathlib import Path
        def handler(event, context):
            while not Path(event["until"]).exists():
                time.sleep(0.001)
            return "done"
        """
    project.write(FUNCTION, source, concurrency=2)
    project.write("shop.other", source)
    release = project.root / "release"
    event = {"until": str(release)}

    async def scenario(invoker: Invoker) -> None:
        running = [asyncio.ensure_future(invoker.invoke(FUNCTION, event)) for _ in range(2)]
        running.append(asyncio.ensure_future(invoker.invoke("shop.other", event)))
        await asyncio.sleep(0)
        for _ in range(2):
            with pytest.raises(TooManyRequests, match=FUNCTION):
                await invoker.invoke(FUNCTION, event)
        release.touch()
        assert await asyncio.gather(*running) == ["done"] * 3
        assert await invoker.invoke(FUNCTION, event) == "done"

    run(scenario)


def test_a_function_that_is_not_loaded(project: FunctionsProject, run: Run) -> None:
    (error,) = run(each({}))
    assert failures([error]) == [
        ("Runtime.ImportModuleError", "shop.order is not loaded: is it in openapi.yaml?")
    ]


@pytest.mark.parametrize(
    "raised", ["asyncio.CancelledError('no')", "KeyboardInterrupt('no')", "Own('no')"]
)
def test_nothing_that_a_function_raises_gets_through(
    project: FunctionsProject, run: Run, raised: str
) -> None:
    project.write(
        FUNCTION,
        f"""
        import asyncio
        class Own(BaseException): pass
        def handler(event, context):
            if event["fail"]: raise {raised}
            return "fine"
        """,
    )
    failed, answer = run(each({"fail": True}, {"fail": False}))
    assert isinstance(failed, FunctionError)
    assert answer == "fine"
