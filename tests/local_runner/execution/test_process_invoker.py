"""Functions in processes of their own: what ends one, and that nothing else ends with it."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from gateway.invoker import (
    FunctionError,
    FunctionTimedOut,
    InvocationError,
    TooManyRequests,
    cold_start,
)
from local_runner.execution.function_files import LoadError
from local_runner.execution.function_output import Printed
from local_runner.execution.process_invoker import ProcessInvoker
from tests.local_runner.execution.functions_project import FunctionsProject

WAIT = 10.0
OUTPUT = "local_runner.execution.function_output"
FUNCTION = "shop.order"
REPOSITORY = Path(__file__).parents[3]

WAITS_FOR_A_FILE = """
    import os, time
    from pathlib import Path
    def handler(event, context):
        Path(event["begun"]).touch()
        while not Path(event["until"]).exists():
            time.sleep(0.001)
        return os.getpid()
    """


@pytest.fixture
def project(tmp_path: Path) -> FunctionsProject:
    return FunctionsProject(tmp_path / "project")


@asynccontextmanager
async def invoking(project: FunctionsProject, **options: Any) -> AsyncIterator[ProcessInvoker]:
    invoker = ProcessInvoker(project.spec, project.root, **options)
    invoker.load_all(project.spec.addresses())
    try:
        yield invoker
    finally:
        await invoker.close()


async def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def has_ended(process: int) -> bool:
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def failure(invoker: ProcessInvoker, **event: Any) -> FunctionError:
    with pytest.raises(FunctionError) as raised:
        await invoker.invoke(FUNCTION, event)
    return raised.value


@pytest.mark.parametrize(
    ("crash", "how"),
    [
        ("os._exit(3)", "exit status 3"),
        ("ctypes.string_at(0)", "signal: segmentation fault"),
        ("os.kill(os.getpid(), 6)", "signal: aborted"),
        ("data = b'x' * 2**30", "signal: killed"),
        ("subprocess.run([sys.executable, '-c', 'b\"x\" * 2**30'])", "signal: killed"),
    ],
)
def test_a_crash_ends_one_process_and_the_next_invocation_gets_another(
    project: FunctionsProject, crash: str, how: str
) -> None:
    project.write(
        FUNCTION,
        f"""
        import ctypes, os, subprocess, sys
        def handler(event, context):
            if "crash" in event:
                {crash}
            return "alive"
        """,
    )

    async def scenario() -> None:
        async with invoking(project) as invoker:
            for _ in range(2):
                assert await invoker.invoke(FUNCTION, {}) == "alive"
                error = await failure(invoker, crash=True)
                assert error.error_type == "Runtime.ExitError"
                message = rf"RequestId: \S{{36}} Error: Runtime exited with error: {how}"
                assert re.fullmatch(message, error.message)

    uvloop.run(scenario())


def test_a_crash_and_a_timeout_leave_the_other_invocations_alone(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)
    project.write("shop.crash", "import os\ndef handler(event, context): os._exit(1)\n")
    project.write(
        "shop.late", "import time\ndef handler(*_): time.sleep(60)\n", timeoutSeconds=0.05
    )
    release = tmp_path / "release"

    async def scenario() -> None:
        async with invoking(project) as invoker:
            begun = [tmp_path / str(n) for n in range(3)]
            running = [
                asyncio.ensure_future(
                    invoker.invoke(FUNCTION, {"begun": str(each), "until": str(release)})
                )
                for each in begun
            ]
            await eventually(lambda: all(each.exists() for each in begun))
            with pytest.raises(FunctionError, match="exit status 1"):
                await invoker.invoke("shop.crash", {})
            with pytest.raises(FunctionTimedOut):
                await invoker.invoke("shop.late", {})
            release.touch()
            assert len(set(await asyncio.gather(*running))) == 3

    uvloop.run(scenario())


@pytest.mark.parametrize("end", ["child.wait()", "os._exit(1)"])
def test_what_a_function_has_started_ends_with_it(
    project: FunctionsProject, tmp_path: Path, end: str
) -> None:
    project.write(
        FUNCTION,
        f"""
        import os, subprocess
        from pathlib import Path
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            Path(event["pids"]).write_text(f"{{os.getpid()}} {{child.pid}}")
            {end}
        """,
        timeoutSeconds=0.8,
    )
    pids = tmp_path / "pids"

    async def scenario() -> None:
        async with invoking(project) as invoker:
            with pytest.raises(InvocationError):
                await invoker.invoke(FUNCTION, {"pids": str(pids)})
            for pid in pids.read_text().split():
                await eventually(lambda pid=pid: has_ended(int(pid)))  # type: ignore[misc]

    uvloop.run(scenario())


def test_more_than_the_concurrency_are_throttled_at_once(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)
    event = {"begun": str(tmp_path / "begun"), "until": str(tmp_path / "release")}

    async def scenario() -> None:
        async with invoking(project, concurrency=2) as invoker:
            running = [asyncio.ensure_future(invoker.invoke(FUNCTION, event)) for _ in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(TooManyRequests):
                await invoker.invoke(FUNCTION, event)
            Path(event["until"]).touch()
            assert len(set(await asyncio.gather(*running))) == 2

    uvloop.run(scenario())


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        (
            "import surely_not_there",
            "Runtime.ImportModuleError",
            "Unable to import module 'functions.shop.order': No module named 'surely_not_there'",
        ),
        (
            "def no_handler(): pass",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'functions.shop.order'",
        ),
        (
            "def handler(:",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'functions.shop.order': .*",
        ),
        ("1 / 0", "ZeroDivisionError", "division by zero"),
        (
            "import os; os._exit(4)",
            "Runtime.ExitError",
            r"RequestId: \S{36} Error: Runtime exited with error: exit status 4",
        ),
    ],
)
def test_a_function_that_cannot_start_works_once_it_is_repaired(
    project: FunctionsProject, source: str, kind: str, message: str
) -> None:
    project.write(FUNCTION, source)

    async def scenario() -> None:
        async with invoking(project) as invoker:
            for _ in range(2):
                error = await failure(invoker)
                assert error.error_type == kind
                assert re.fullmatch(message, error.message)
            # Of another length: a .pyc of the same second is told apart by nothing else.
            project.file(FUNCTION).write_text("def handler(event, context): return 'repaired'\n")
            assert await invoker.invoke(FUNCTION, {}) == "repaired"

    uvloop.run(scenario())


def test_a_start_over_its_limit_is_made_again_within_the_functions_own_time(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(
        FUNCTION,
        """
        import os, time
        from pathlib import Path
        starts = Path(os.environ["STARTS"])
        with starts.open("a") as file:
            file.write("x")
        if starts.read_text() == "x":
            time.sleep(60)
        def handler(event, context):
            return starts.read_text()
        """,
        environment={"STARTS": str(tmp_path / "starts")},
    )
    project.write("shop.slow", "import time\ntime.sleep(60)\n", timeoutSeconds=0.1)

    async def scenario() -> None:
        async with invoking(project, init_seconds=0.5) as invoker:
            assert await invoker.invoke(FUNCTION, {}) == "xx"
            with pytest.raises(FunctionTimedOut, match=r"after 0\.10 seconds"):
                await invoker.invoke("shop.slow", {})

    uvloop.run(scenario())


def test_the_environment_is_lambdas_with_the_functions_own_variables(
    project: FunctionsProject,
) -> None:
    project.write(
        FUNCTION,
        """
        import os, sys, time
        def handler(event, context):
            return {
                "variables": dict(os.environ), "cwd": os.getcwd(), "path": sys.path[0],
                "stream": context.log_stream_name, "zone": time.tzname[0],
            }
        """,
        memoryMegabytes=192,
        environment={"COLOUR": "ältlich"},
    )

    async def scenario() -> Any:
        async with invoking(project) as invoker:
            return await invoker.invoke(FUNCTION, {})

    answer = uvloop.run(scenario())
    root, variables = str(project.root), answer["variables"]
    assert answer["cwd"] == answer["path"] == root
    assert answer["zone"] == "UTC"
    assert variables["PATH"] == os.environ["PATH"]
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == root
    assert Path(variables["LAMBDA_RUNTIME_DIR"], "awslambdaric").is_dir()
    assert re.fullmatch(r"127\.0\.0\.1:\d+", variables["AWS_LAMBDA_RUNTIME_API"])
    expected = {
        "COLOUR": "ältlich",
        "_HANDLER": "functions.shop.order.handler",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python3.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "192",
        "AWS_LAMBDA_FUNCTION_NAME": "shop-order",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/shop-order",
        "AWS_LAMBDA_LOG_STREAM_NAME": answer["stream"],
        "AWS_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": root,
        "TZ": ":UTC",
    }
    assert {name: variables.get(name) for name in expected} == expected


def test_the_environment_that_was_used_last_is_used_first_and_idle_ones_end(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)

    async def scenario() -> None:
        async with invoking(project, idle_seconds=0.8) as invoker:

            async def invoke(name: str) -> int:
                event = {"begun": str(tmp_path / "begun"), "until": str(tmp_path / name)}
                answer: int = await invoker.invoke(FUNCTION, event)
                return answer

            first, second = (asyncio.ensure_future(invoke(n)) for n in ("one", "two"))
            await asyncio.sleep(0)
            (tmp_path / "one").touch()
            older = await first
            (tmp_path / "two").touch()
            newer = await second
            for _ in range(3):
                assert await invoke("one") == newer
            await eventually(lambda: has_ended(older) and has_ended(newer))
            cold_start.set(False)
            assert await invoke("one") not in (older, newer)
            assert cold_start.get()

    uvloop.run(scenario())


def test_retired_environments_take_no_more_and_end_when_free(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)
    event = {"begun": str(tmp_path / "begun"), "until": str(tmp_path / "release")}

    async def scenario() -> None:
        async with invoking(project) as invoker:
            running = asyncio.ensure_future(invoker.invoke(FUNCTION, event))
            await eventually(Path(event["begun"]).exists)
            project.file(FUNCTION).write_text("def handler(event, context): return 'new code'\n")
            invoker.retire([FUNCTION, "never.invoked"])
            assert await invoker.invoke(FUNCTION, event) == "new code"
            assert not running.done()
            Path(event["until"]).touch()
            old = await running
            await eventually(lambda: has_ended(old))
            project.file(FUNCTION).write_text("def handler(event, context): return 'newer code'\n")
            invoker.retire()
            for cold in (True, False):
                cold_start.set(False)
                assert await invoker.invoke(FUNCTION, event) == "newer code"
                assert cold_start.get() is cold

    uvloop.run(scenario())


def test_a_process_that_ends_between_invocations_is_replaced(project: FunctionsProject) -> None:
    project.write(FUNCTION, "import os\ndef handler(event, context): return os.getpid()\n")

    async def scenario() -> None:
        async with invoking(project) as invoker:
            first = await invoker.invoke(FUNCTION, {})
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: not any(each.usable for each in invoker._environments))
            assert await invoker.invoke(FUNCTION, {}) != first

    uvloop.run(scenario())


def test_a_function_whose_caller_has_gone_runs_to_its_end(
    project: FunctionsProject, tmp_path: Path
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)
    event = {"begun": str(tmp_path / "begun"), "until": str(tmp_path / "release")}

    async def scenario() -> None:
        async with invoking(project, concurrency=1) as invoker:
            running = asyncio.ensure_future(invoker.invoke(FUNCTION, event))
            await eventually(Path(event["begun"]).exists)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            with pytest.raises(TooManyRequests):
                await invoker.invoke(FUNCTION, event)
            Path(event["until"]).touch()
            deadline = time.monotonic() + WAIT
            while True:
                try:
                    assert await invoker.invoke(FUNCTION, event)
                    break
                except TooManyRequests:
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.005)

    uvloop.run(scenario())


@pytest.mark.parametrize("turns_of_the_loop", [1, 2, 4, 8])
def test_close_ends_busy_environments_and_those_that_start(
    project: FunctionsProject, tmp_path: Path, turns_of_the_loop: int
) -> None:
    project.write(FUNCTION, WAITS_FOR_A_FILE)
    event = {"begun": str(tmp_path / "begun"), "until": "/never"}

    async def scenario() -> None:
        async with invoking(project) as invoker:
            busy = asyncio.ensure_future(invoker.invoke(FUNCTION, event))
            await eventually(Path(event["begun"]).exists)
            starting = asyncio.ensure_future(invoker.invoke(FUNCTION, event))
            for _ in range(turns_of_the_loop):
                await asyncio.sleep(0)
        with pytest.raises(FunctionError, match="signal: killed"):
            await busy
        with pytest.raises(FunctionError, match=r"signal: killed|the runner is ending"):
            await starting

    uvloop.run(scenario())
    assert not [p for p in psutil.Process().children() if "awslambdaric" in " ".join(p.cmdline())]


def test_what_a_function_prints_is_logged_with_its_name(
    project: FunctionsProject, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(
        FUNCTION,
        """
        import subprocess, sys
        def handler(event, context):
            print("first\\nsecond")
            print("third", file=sys.stderr)
            sys.stdout.buffer.write(b"\\xff and " + b"x" * 1_000_000 + b"\\n")
            subprocess.run(["echo", "of a child"])
            print("without an end", end="")
        """,
    )
    caplog.set_level(logging.INFO, OUTPUT)

    async def scenario() -> None:
        async with invoking(project) as invoker:
            await invoker.invoke(FUNCTION, {})

    uvloop.run(scenario())
    deadline = time.monotonic() + WAIT
    lines: list[str] = []
    while not lines or lines[-1] != "without an end":
        assert time.monotonic() < deadline
        time.sleep(0.005)
        printed = [each.msg for each in caplog.records if isinstance(each.msg, Printed)]
        assert {each.function for each in printed} <= {FUNCTION}
        lines = [line for each in printed for line in each.lines]
    assert lines[:3] == ["first", "second", "third"]
    assert "".join(lines).count("x") == 1_000_000
    assert max(map(len, lines)) < 200_000  # it is not kept until its end
    assert lines[-2] == "of a child"


def test_an_endless_printer_neither_stops_nor_grows_the_runner(project: FunctionsProject) -> None:
    project.write(
        FUNCTION, "def handler(*_):\n    while True: print('x' * 50)\n", timeoutSeconds=0.5
    )
    project.write("shop.other", "def handler(*_): return 'other'\n")

    async def scenario() -> None:
        async with invoking(project) as invoker:
            await invoker.invoke("shop.other", {})
            printing = asyncio.ensure_future(invoker.invoke(FUNCTION, {}))
            before = psutil.Process().memory_info().rss
            answered = 0
            while not printing.done():
                assert await invoker.invoke("shop.other", {}) == "other"
                answered += 1
            with pytest.raises(FunctionTimedOut):
                await printing
            assert answered > 5
            assert psutil.Process().memory_info().rss - before < 30 * 2**20

    # What it prints is let go, so that a test's report does not keep it.
    output = logging.getLogger(OUTPUT)
    output.propagate, letting_go = False, logging.NullHandler()
    output.addHandler(letting_go)
    output.setLevel(logging.INFO)
    try:
        uvloop.run(scenario())
    finally:
        output.setLevel(logging.NOTSET)
        output.removeHandler(letting_go)
        output.propagate = True


def test_each_invocation_is_reported_as_lambda_does(
    project: FunctionsProject, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(
        FUNCTION,
        """
        import os, time
        def handler(event, context):
            if "exit" in event: os._exit(1)
            if "sleep" in event: time.sleep(60)
            return context.aws_request_id
        """,
        timeoutSeconds=0.8,
    )
    caplog.set_level(logging.INFO, "local_runner")

    async def scenario() -> list[str]:
        async with invoking(project) as invoker:
            ids = [await invoker.invoke(FUNCTION, {}) for _ in range(2)]
            await failure(invoker, exit=1)
            with pytest.raises(FunctionTimedOut):
                await invoker.invoke(FUNCTION, {"sleep": 1})
            return ids

    ids = uvloop.run(scenario())
    cold, warm, crashed, late = (
        record.getMessage() for record in caplog.records if "REPORT" in record.getMessage()
    )
    figures = (
        r"Duration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB"
        r"\tMax Memory Used: [1-9]\d* MB"
    )
    init = r"\tInit Duration: \d+\.\d\d ms"
    assert re.fullmatch(rf"{FUNCTION}: REPORT RequestId: {ids[0]}\t{figures}{init}", cold)
    assert re.fullmatch(rf"{FUNCTION}: REPORT RequestId: {ids[1]}\t{figures}", warm)
    assert re.search(rf"{figures}\tStatus: error\tError Type: Runtime\.ExitError$", crashed)
    assert re.search(rf"{figures}{init}\tStatus: timeout$", late)


def test_a_kept_memory_is_in_the_report(
    project: FunctionsProject, caplog: pytest.LogCaptureFixture
) -> None:
    project.write(FUNCTION, "def handler(*_):\n    global kept\n    kept = b'x' * 100 * 2**20\n")
    caplog.set_level(logging.INFO, "local_runner")

    async def scenario() -> None:
        async with invoking(project) as invoker:
            await invoker.invoke(FUNCTION, {})

    uvloop.run(scenario())
    (used,) = re.findall(r"Max Memory Used: (\d+) MB", caplog.text)
    assert 100 < int(used) < 150


def test_all_that_is_wrong_with_the_files_is_said_at_once(project: FunctionsProject) -> None:
    project.write(FUNCTION, "def handler(*_): pass\n")
    project.write("shop.spare", "1 / 0  # not imported\n")
    (project.root / "functions" / "__init__.py").unlink()
    invoker = ProcessInvoker(project.spec, project.root)

    with pytest.raises(LoadError) as raised:
        invoker.load_all([FUNCTION, "no.thing"])

    *files, package = str(raised.value).splitlines()
    assert files == [
        "no.thing: there is no functions/no/thing.py: write it",
        (
            "functions/shop/spare.py is not declared: name shop.spare in openapi.yaml, "
            "or move it out of functions/"
        ),
    ]
    # This repository has a package of that name as well.
    elsewhere = REPOSITORY / "functions"
    assert package == (
        f"functions/__init__.py is missing, so {elsewhere} is imported instead: make an empty one"
    )


def test_a_killed_runner_leaves_no_process(project: FunctionsProject, tmp_path: Path) -> None:
    project.write(
        FUNCTION,
        """
        import os, subprocess
        from pathlib import Path
        def handler(event, context):
            children = [] if event["idle"] else [subprocess.Popen(["sleep", "60"])]
            pids = [os.getpid(), *(child.pid for child in children)]
            Path(event["pids"]).write_text(" ".join(map(str, pids)) + "\\n")
            for child in children:
                child.wait()
        """,
    )
    runner = tmp_path / "runner.py"
    runner.write_text(
        textwrap.dedent(
            """
            import asyncio, sys
            from pathlib import Path
            from gateway.spec import parse_spec
            from local_runner.execution.process_invoker import ProcessInvoker
            async def main(root, spec, *pids):
                invoker = ProcessInvoker(parse_spec(spec), Path(root))
                invoker.load_all(["shop.order"])
                busy = invoker.invoke("shop.order", {"idle": False, "pids": pids[0]})
                idle = invoker.invoke("shop.order", {"idle": True, "pids": pids[1]})
                await asyncio.gather(busy, idle)
            asyncio.run(main(*sys.argv[1:]))
            """
        )
    )
    spec = (
        "{openapi: 3.0.3, info: {title: t}, paths: {/: {get: {operationId: shop.order}}}, "
        "x-functions: {default: {timeoutSeconds: 60}}}"
    )
    files = [tmp_path / "busy", tmp_path / "idle"]
    command = [sys.executable, str(runner), str(project.root), spec, *map(str, files)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(REPOSITORY)})

    async def scenario() -> None:
        try:
            await eventually(
                lambda: all(file.exists() and "\n" in file.read_text() for file in files)
            )
            started = [int(pid) for file in files for pid in file.read_text().split()]
            started += [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
        finally:
            process.kill()
            process.wait()
        assert len(set(started)) == 4  # busy, its child, idle, and the warden
        await eventually(lambda: all(has_ended(pid) for pid in started))

    uvloop.run(scenario())


def test_what_children_share_with_their_parent_counts_once(project: FunctionsProject) -> None:
    project.write(
        FUNCTION,
        """
        import os, time
        def handler(event, context):
            content = b"x" * (60 * 2**20)
            children = [child for _ in range(3) if (child := os.fork()) or time.sleep(60)]
            time.sleep(0.3)
            for child in children: os.kill(child, 9)
            return len(content) + len(children)
        """,
        memoryMegabytes=128,
    )

    async def scenario() -> None:
        async with invoking(project) as invoker:
            assert await invoker.invoke(FUNCTION, {}) == 60 * 2**20 + 3

    uvloop.run(scenario())


def test_a_child_that_leaves_its_group_ends_with_a_killed_function(
    project: FunctionsProject,
) -> None:
    project.write(
        FUNCTION,
        """
        import subprocess
        def handler(event, context):
            return subprocess.Popen(["sleep", "60"], start_new_session=True).pid
        """,
    )

    async def scenario() -> int:
        async with invoking(project) as invoker:
            child: int = await invoker.invoke(FUNCTION, {})
            assert psutil.pid_exists(child)
            return child

    child = uvloop.run(scenario())
    deadline = time.monotonic() + WAIT
    while not has_ended(child):
        assert time.monotonic() < deadline
        time.sleep(0.005)
