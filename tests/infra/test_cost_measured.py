"""What an estimate takes from elsewhere: openapi.yaml, the benchmarks, the client's timing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from belfry.topology import SHARDS
from gateway.spec import load_spec, parse_spec
from infra.cost import Habits, Measured, MeasuredError, Wiring

ROOT = Path(__file__).resolve().parents[2]
OWN = ROOT / "openapi.yaml"


def test_the_wiring_is_that_of_openapi_yaml() -> None:
    wiring = Wiring.of(load_spec(OWN))
    assert wiring.shards == SHARDS
    assert wiring.batch == 500
    assert wiring.authorizer_ttl == 60
    assert wiring.schedules["dispatch.sweep"] == 1
    assert wiring.megabytes("dispatch.deliver") == 1769
    assert wiring.megabytes("notifications.create") == 256


def test_a_changed_openapi_yaml_changes_the_wiring() -> None:
    text = OWN.read_text(encoding="utf-8").replace("batchSize: 500", "batchSize: 50")
    assert Wiring.of(parse_spec(text)).batch == 50


def test_the_client_keeps_to_the_minutes_that_are_reckoned_with() -> None:
    text = (ROOT / "web" / "client" / "timing.js").read_text(encoding="utf-8")
    minutes = {
        name: float(re.search(rf"{name}: ([\d_]+)", text)[1].replace("_", "")) / 60_000  # type: ignore[index]
        for name in ("heartbeat", "sleep")
    }
    assert Habits().heartbeat_minutes == minutes["heartbeat"]
    assert Habits().connected_minutes == 15 + minutes["sleep"]


def figures(**changed: float | None) -> str:
    """Benchmarks of round numbers, without those that are None."""
    found = {
        "POST /api/notifications": (500.0, 1.0),
        "page of 10 out of 10,000": (1000.0, 1.0),
        "deliver 1 notification": (3.0, 2.0),
        "deliver 500 notifications": (3.0 + 499 * 0.5, 2.0 + 499 * 0.25),
        "push 320 frames": (96.0, 64.0),
        "import auth.me": (100.0, 1.0),
    }
    kept = {name: pair for name, pair in found.items() if changed.get(name, 0) is not None}
    return json.dumps(
        {
            "figures": [
                {"name": name, "value": value, "reference_value": reference}
                for name, (value, reference) in kept.items()
            ]
        }
    )


def test_a_batch_is_a_line_through_what_was_measured(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    file.write_text(figures())
    measured = Measured.read(file)
    assert (measured.post, measured.page, measured.start) == (2.0, 1.0, 100.0)
    line = measured.deliver
    assert line.cpu == pytest.approx(1.75)
    assert line.cpu_each == pytest.approx(0.25)
    assert line.wait == pytest.approx(0.75)
    assert line.wait_each == pytest.approx(0.25)
    assert (measured.push_cpu, measured.push_wait) == (0.2, 0.1)


def test_a_figure_that_is_missing_is_named(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.json"
    file.write_text(figures(**{"push 320 frames": None}))
    with pytest.raises(MeasuredError, match=r"push 320 frames.*make bench"):
        Measured.read(file)


@pytest.mark.parametrize("text", ["", "[]", '{"figures": 1}'], ids=["empty", "list", "number"])
def test_a_file_that_is_no_benchmark_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "benchmarks.json"
    file.write_text(text)
    with pytest.raises(MeasuredError, match="cannot be read"):
        Measured.read(file)
