"""Recording: what was invoked lies in files, and nothing else changes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.invoker import Event, FunctionError, TooManyRequests
from local_runner.recording import Recorder, Recording, RecordingError
from tests.gateway.served import Functions

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "recordings"


def recorded(function: Callable[[Event], Any], folder: Path, *events: Event) -> list[Any]:
    """Invoke with each event under a recorder; the files' contents, and what came of it."""
    recorder = Recorder(Functions({"a.b": function}), folder)
    for event in events:
        with suppress(FunctionError, TooManyRequests):
            asyncio.run(recorder.invoke("a.b", event))
    recorder.close()
    return [json.loads(file.read_bytes()) for file in sorted(folder.iterdir())]


def test_a_recording_tells_when_what_and_how_long(folder: Path) -> None:
    [found] = recorded(lambda event: {"statusCode": event["n"]}, folder, {"n": 200})

    assert set(found) == {"at", "function", "milliseconds", "event", "answer"}
    assert found["at"].endswith("+00:00")
    assert found["milliseconds"] > 0
    recording = Recording.read(found)
    assert recording == Recording("a.b", {"n": 200}, {"answer": {"statusCode": 200}})


def test_only_the_owner_can_read_it(folder: Path) -> None:
    recorded(lambda _: None, folder, {})

    assert folder.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]


def test_names_sort_by_time_and_tell_the_function(folder: Path) -> None:
    found = recorded(lambda _: None, folder, *({"n": n} for n in range(20)))

    assert [each["event"]["n"] for each in found] == list(range(20))
    assert all(file.name.endswith("Z-a.b.json") for file in folder.iterdir())


def test_an_error_is_recorded_and_raised(folder: Path) -> None:
    def fail(_: Event) -> Any:
        raise KeyError("x")

    [found] = recorded(fail, folder, {})

    assert found["error"] == {"errorType": "KeyError", "errorMessage": "'x'"}
    assert "answer" not in found


def test_an_error_of_the_invoker_is_named_by_its_kind(folder: Path) -> None:
    def throttle(_: Event) -> Any:
        raise TooManyRequests("3 are under way")

    [found] = recorded(throttle, folder, {})

    assert found["error"] == {"errorType": "TooManyRequests", "errorMessage": "3 are under way"}


def test_an_invocation_nobody_waits_for_is_recorded_too(folder: Path) -> None:
    class Forever:
        async def invoke(self, function: str, event: Event) -> Any:
            await asyncio.Event().wait()

    async def scenario(recorder: Recorder) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await recorder.invoke("a.b", {})

    recorder = Recorder(Forever(), folder)
    asyncio.run(scenario(recorder))
    recorder.close()

    [file] = folder.iterdir()
    assert json.loads(file.read_text())["error"]["errorType"] == "CancelledError"


def test_what_the_function_does_to_its_event_is_not_recorded(folder: Path) -> None:
    [found] = recorded(lambda event: event.clear(), folder, {"n": 1})

    assert found["event"] == {"n": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(value=st.dictionaries(st.text(), JSON), half=st.sampled_from(["", "\ud800"]))
def test_any_event_and_answer_is_read_again(tmp_path: Path, value: Event, half: str) -> None:
    folder = tmp_path / str(time.time_ns())
    event = {"value": value, "half": half}

    [found] = recorded(lambda given: [given], folder, event)

    assert Recording.read(found) == Recording("a.b", event, {"answer": [event]})


def test_the_oldest_go_and_other_files_stay(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.json").write_text("mine")
    for start in (0, 4):
        recorder = Recorder(Functions({"a.b": lambda _: None}), folder, most_files=3)
        for n in range(start, start + 4):
            asyncio.run(recorder.invoke("a.b", {"n": n}))
        recorder.close()

    *kept, last = sorted(folder.iterdir())
    assert [json.loads(file.read_text())["event"]["n"] for file in kept] == [5, 6, 7]
    assert last.read_text() == "mine"


def test_a_disk_that_takes_nothing_is_one_line_and_fails_no_invocation(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(Functions({"a.b": lambda _: "fine"}), folder)
    folder.rmdir()

    answers = [asyncio.run(recorder.invoke("a.b", {})) for _ in range(3)]

    recorder.close()
    assert answers == ["fine"] * 3
    [line] = [each.message for each in caplog.records if each.name == "local_runner.recording"]
    assert line == f"not everything is recorded in {folder}: No such file or directory"


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(RecordingError, match=r"--record .*file: (File exists|Not a directory)"):
        Recorder(Functions({}), tmp_path / "file")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "no object"),
        ({"event": {}, "answer": 1}, "no function"),
        ({"function": "a.b", "event": [], "answer": 1}, "no event"),
        ({"function": "a.b", "event": {}}, "neither answer nor error"),
    ],
)
def test_what_is_no_recording_is_refused(content: Any, complaint: str) -> None:
    with pytest.raises(RecordingError, match=complaint):
        Recording.read(content)
