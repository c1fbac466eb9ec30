"""system.measure: what CloudWatch makes metrics of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from hypothesis import given
from hypothesis import strategies as st

from belfry import metrics
from belfry.errors import StoreUnavailable
from belfry.measures import Measures
from belfry.model import Connection, Notification, new_id
from belfry.settings import Settings
from functions.system import measure
from tests.fakes import NOON, Fakes

STAGE = "test"


def measured(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    fakes.settings = Settings({"STAGE": STAGE})  # type: ignore[attr-defined]
    measure.handler.using(fakes.deps())({"detail": {}}, None)
    [line] = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_nothing_to_be_warned_of_is_zero(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> None:
    line = measured(fakes, capsys)
    about = line.pop("_aws")
    assert about["Timestamp"] == NOON.timestamp() * 1000
    assert line == {
        "Stage": STAGE,
        "DeadLetters": 0,
        "OutboxAge": 0,
        "Connections": 0,
        "PeopleOnline": 0,
    }


def test_everything_is_counted(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> None:
    for late in (90, 30, -10):
        notification = Notification(new_id(), "ada", "Hello", NOON)
        fakes.outbox.add(notification, dispatch_by=NOON - timedelta(seconds=late))
    for id_, person in (("phone=", "ada"), ("laptop=", "ada"), ("desk=", "bob")):
        fakes.connections.add(Connection(id_, person, "https://push.example.com/ws", NOON))
    line = measured(fakes, capsys)
    assert (line["OutboxAge"], line["Connections"], line["PeopleOnline"]) == (90, 3, 2)


def test_without_the_database_nothing_is_told(
    fakes: Fakes, capsys: pytest.CaptureFixture[str]
) -> None:
    fakes.memory.down = True
    with pytest.raises(StoreUnavailable):
        measured(fakes, capsys)
    assert capsys.readouterr().out == ""


def by_powertools(measures: Measures) -> dict[str, Any]:
    """The same line as AWS's own library writes it."""
    theirs = Metrics(namespace="Belfry")
    theirs.add_dimension("Stage", STAGE)
    theirs.set_timestamp(measures.at)
    theirs.add_metric("DeadLetters", MetricUnit.Count, measures.dead_letters)
    theirs.add_metric("OutboxAge", MetricUnit.Seconds, measures.outbox_age)
    theirs.add_metric("Connections", MetricUnit.Count, measures.connections)
    theirs.add_metric("PeopleOnline", MetricUnit.Count, measures.people_online)
    written: dict[str, Any] = dict(theirs.serialize_metric_set())
    theirs.clear_metrics()
    return written


TODAY = datetime.now(UTC).replace(microsecond=0)
counts = st.integers(0, 10**9)


@given(
    st.builds(
        Measures,
        # Their library refuses what CloudWatch does: times that are long past.
        at=st.integers(0, 10**6).map(lambda ago: TODAY - timedelta(seconds=ago)),
        dead_letters=counts,
        outbox_age=st.floats(0, 1e9),
        connections=counts,
        people_online=counts,
    )
)
def test_the_line_is_in_the_embedded_metric_format(measures: Measures) -> None:
    text = metrics.line(measures, STAGE)
    assert "\n" not in text
    written = json.loads(text)
    reference = by_powertools(measures)
    assert written == {
        name: value[0] if isinstance(value, list) else value for name, value in reference.items()
    }
