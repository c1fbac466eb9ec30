"""The two figures that docs/scale.md reckons by hand are those of the command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.spec import load_spec
from infra.cost import Case, Estimate, Load, Measured, Wiring, estimate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def now() -> Estimate:
    wiring = Wiring.of(load_spec(ROOT / "openapi.yaml"))
    return estimate(Case(Load(), wiring, Measured.read(ROOT / "docs" / "benchmarks.json")))


def by_hand(service: str) -> float:
    """The result that the document has in bold under the service's heading."""
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    section = text.split(f"### {service}\n")[1].split("\n### ")[0]
    found = re.search(r"\*\*\$([\d,.]+)\*\*", section)
    assert found
    return float(found[1].replace(",", ""))


@pytest.mark.parametrize("service", ["API Gateway, WebSocket", "MongoDB Atlas"])
def test_the_hand_and_the_command_agree(now: Estimate, service: str) -> None:
    assert f"{now.services[service]:.2f}" == f"{by_hand(service):.2f}"


def test_the_web_sockets_step_by_step(now: Estimate) -> None:
    connected = 10_000 * 0.1 * 1.5
    minutes = connected * 730 * 60
    sessions = minutes / 20
    syncs = sessions + minutes / 5
    notifications = 1_000_000 * 730 / 24
    pushes = notifications * 0.1 * 1.5
    events = notifications * 0.2 * 1.5
    messages = sessions + 2 * syncs + pushes + events
    hand = messages / 1e6 * 1.00 + minutes / 1e6 * 0.25
    assert now.services["API Gateway, WebSocket"] == pytest.approx(hand)


def test_the_database_step_by_step(now: Estimate) -> None:
    gigabytes = 1_000_000 * 90 * 880 / 1e9
    hand = 0.54 * 730 + gigabytes * 0.11 * 730 / 200
    assert now.services["MongoDB Atlas"] == pytest.approx(hand)
