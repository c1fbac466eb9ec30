"""`belfry scale`: its tables, its drawings, and that its page says the same."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from infra.scale.broadcast import broadcast
from infra.scale.plots import draw
from infra.scale.questions import (
    BROADCASTS,
    DEVICES,
    MILLION,
    RECONNECT_SECONDS,
    RECONNECTS,
    Answers,
)
from infra.scale.rates import rates
from infra.scale.reconnect import Recovery, reconnect
from local_runner.command.main import app
from local_runner.command.scale import BENCHMARKS

DRAWN = ["scale-broadcast.svg", "scale-reconnect.svg", "scale-shards.svg"]


def test_it_prints_a_table_for_each_question_and_draws(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["scale", "--plots", str(tmp_path)])

    assert result.exit_code == 0, result.output
    for number in range(1, 5):
        assert f"{number}. " in result.output
    assert "never tested on AWS" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == DRAWN


def test_the_same_answers_are_the_same_drawings(tmp_path: Path) -> None:
    measured = rates(BENCHMARKS)
    case, retry = BROADCASTS[0], RECONNECTS[0]
    few = Answers(
        shards=(),
        broadcasts=[(case, broadcast(2_000, 500, case.deployment, measured))],
        reconnects=[
            (count, retry, reconnect(900, retry.retries, retry.quotas)) for count in DEVICES
        ],
    )

    for name in "ab":
        (tmp_path / name).mkdir()
        draw(few, measured, 1, tmp_path / name)

    for name in DRAWN:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")

    result = CliRunner().invoke(app, ["scale", "--plots", str(taken)])

    assert result.exit_code == 1
    assert "--plots" in result.output


def test_the_page_tells_what_the_simulation_answers() -> None:
    """Who measures anew (`make bench`) has to run `belfry scale --plots docs` and read the page."""
    page = (BENCHMARKS.parent / "scale.md").read_text()
    case = BROADCASTS[0]

    deployed = broadcast(MILLION, case.connected, case.deployment, rates(BENCHMARKS))

    assert f"**{deployed.at(0.99) / 60:.0f} minutes**" in page
    for name in ("as built", "5 min"):
        assert f"**{_recovery(name).at(0.99) / 60:.0f} minutes**" in page


def _recovery(name: str) -> Recovery:
    case = next(each for each in RECONNECTS if name in each.name)
    return reconnect(MILLION, case.retries, case.quotas, longest=RECONNECT_SECONDS)
