"""What an estimate takes for granted is what the template makes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.spec import load_spec
from infra.cost import Case, Habits
from infra.cost.estimate import ALARMS, DASHBOARDS, METRICS, SECRETS
from infra.template.template import template

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return template(load_spec(ROOT / "openapi.yaml"))


def test_as_many_alarms_secrets_and_dashboards(made: dict[str, Any]) -> None:
    found = Counter(each.get("Type") for each in made["Resources"].values())
    assert found["AWS::CloudWatch::Alarm"] == ALARMS
    assert found["AWS::CloudWatch::Dashboard"] == DASHBOARDS
    # That of MongoDB is made by whoever deploys.
    assert found["AWS::SecretsManager::Secret"] + 1 == SECRETS


def test_as_many_metrics_of_our_own(made: dict[str, Any]) -> None:
    """Those that alarms look at, and PeopleOnline, which only the dashboard shows."""
    named = {
        each["Properties"]["MetricName"]
        for each in made["Resources"].values()
        if each.get("Type") == "AWS::CloudWatch::Alarm"
        and each["Properties"].get("Namespace") == "Belfry"
    }
    assert len(named | {"PeopleOnline"}) == METRICS


def test_one_gateway_to_the_internet(made: dict[str, Any]) -> None:
    found = Counter(each.get("Type") for each in made["Resources"].values())
    assert found["AWS::EC2::NatGateway"] == found["AWS::EC2::EIP"] == 1


def test_a_single_broker_unless_told_otherwise(made: dict[str, Any]) -> None:
    parameters = made["Parameters"]
    assert parameters["BrokerDeployment"]["Default"] == "SINGLE_INSTANCE"
    assert parameters["BrokerInstance"]["Default"] == "mq.m7g.large"
    assert Case.__dataclass_fields__["broker_nodes"].default == 1


def test_logs_are_kept_a_month(made: dict[str, Any]) -> None:
    assert made["Parameters"]["LogRetentionDays"]["Default"] == 30 * Habits().log_months
