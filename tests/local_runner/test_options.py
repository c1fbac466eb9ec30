"""The options of a runner, as they are given on a command line."""

from dataclasses import asdict, fields
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits import Limits
from local_runner.options import Isolation, Options, options, parse_limits

NAMES = [field.name for field in fields(Limits)]


def chosen(
    isolation: Isolation | None = None, reload: bool = False, record: Path | None = None
) -> Options:
    return options(
        host="127.0.0.1",
        port=0,
        isolation=isolation,
        concurrency=1,
        limit=None,
        fault=None,
        record=record,
        reload=reload,
    )


@given(st.sampled_from(NAMES), st.integers(1, 10**9))
def test_a_limit_is_changed_and_no_other(name: str, value: int) -> None:
    changed = parse_limits([f"{name}={value}"])
    assert asdict(changed) == asdict(Limits()) | {name: value}


@pytest.mark.parametrize("name", ["requests_per_second", "connections_per_second"])
def test_a_rate_of_0_is_no_limit(name: str) -> None:
    assert getattr(parse_limits([f"{name}=0"]), name) == 0


def test_without_limits_they_are_those_of_api_gateway() -> None:
    assert parse_limits([]) == Limits()


def test_seconds_may_be_fractions() -> None:
    assert parse_limits(["idle_seconds=0.5"]).idle_seconds == 0.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("idle=1", "no limit 'idle', only .*idle_seconds"),
        ("idle_seconds", "idle_seconds is a number, not ''"),
        ("idle_seconds=soon", "idle_seconds is a number, not 'soon'"),
        ("idle_seconds=nan", "idle_seconds is a number, not 'nan'"),
        ("message_bytes=1.5", "message_bytes is a whole number, not '1.5'"),
        ("sweep_seconds=0", "sweep_seconds must be more than 0"),
        ("message_bytes=-1", "message_bytes must be more than -1"),
    ],
)
def test_a_limit_that_is_none_is_named(text: str, complaint: str) -> None:
    with pytest.raises(typer.BadParameter, match=complaint):
        parse_limits([text])


def test_functions_run_in_threads_unless_said_otherwise() -> None:
    assert chosen().isolation is Isolation.THREAD
    assert chosen(Isolation.PROCESS).isolation is Isolation.PROCESS


def test_reload_runs_functions_in_processes() -> None:
    assert chosen(reload=True).isolation is Isolation.PROCESS


def test_reload_in_threads_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="leave out --isolation thread"):
        chosen(Isolation.THREAD, reload=True)


def test_the_folder_of_records_does_not_move_with_the_project() -> None:
    assert chosen(record=Path("kept")).record == Path.cwd() / "kept"
