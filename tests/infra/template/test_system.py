"""What the system needs on AWS: valid for CloudFormation, complete, and gone when deleted."""

from __future__ import annotations

import json
import re

import pytest
from cfnlint.api import lint

from gateway.spec import load_spec
from infra.template.alarms import alarms
from infra.template.dashboard import dashboard
from infra.template.logs import logs
from infra.template.names import chalice_name, logical_id
from infra.template.network import WAYS_OUT
from infra.template.pages import WEBSOCKET_STAGE
from infra.template.secrets import secrets
from tests.infra.template.parts import (
    ALARMS,
    ALL,
    BROKER,
    DASHBOARD,
    LOGS,
    LONGEST_STAGE,
    NETWORK,
    PAGES,
    PROJECT,
    SECRETS,
    SPEC,
    STAND_INS,
    missing,
    whole,
)

REGIONS = ["us-east-1", "eu-central-1"]

# Each part with those that it cannot be without.
TEMPLATES = {
    "network": whole(NETWORK),
    "broker": whole(BROKER, NETWORK),
    "secrets": whole(SECRETS),
    "pages": whole(PAGES),
    "logs": whole(LOGS),
    "everything": ALL,
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing(name: str) -> None:
    found = lint(json.dumps(TEMPLATES[name]), regions=REGIONS)
    assert [f"{match.rule.id} {match.path}: {match.message}" for match in found] == []


def test_nothing_is_named_that_nobody_makes() -> None:
    made = {*STAND_INS, "Stage", *(logical_id(function) for function in SPEC.addresses())}
    parts = (NETWORK, BROKER, SECRETS, PAGES, LOGS, ALARMS, DASHBOARD)
    everything = {
        section: {key: value for part in parts for key, value in part.get(section, {}).items()}
        for section in ("Parameters", "Resources", "Outputs")
    }
    assert missing(everything) <= made


def test_what_a_function_waits_for_is_made() -> None:
    assert set(WAYS_OUT) <= set(NETWORK["Resources"])


def test_deleting_the_stack_leaves_nothing_that_stops_the_next_deployment() -> None:
    for name, resource in ALL["Resources"].items():
        assert resource.get("DeletionPolicy", "Delete") == "Delete", name


def test_no_name_is_longer_than_aws_allows() -> None:
    """Stage and region at their longest; 64 is the least that any of these allows."""
    spec = load_spec(PROJECT / "openapi.yaml")
    named = [f"belfry-${{Stage}}-{chalice_name(function)}" for function in spec.addresses()]
    for resource in PAGES["Resources"].values():
        named += re.findall(r'"Name": {"Fn::Sub": "([^"]+)"}', json.dumps(resource))
    assert len(named) > len(spec.addresses())
    for name in named:
        long = name.replace("${Stage}", "s" * LONGEST_STAGE)
        assert len(long.replace("${AWS::Region}", "ap-southeast-1")) <= 64


def test_the_parts_take_belfrys_own_openapi_yaml() -> None:
    spec = load_spec(PROJECT / "openapi.yaml")
    assert spec.websocket
    assert spec.websocket.stage == WEBSOCKET_STAGE
    made = whole(NETWORK, BROKER, secrets(spec), PAGES, logs(spec), alarms(spec), dashboard(spec))
    found = lint(json.dumps(made), regions=REGIONS)
    assert [f"{match.rule.id} {match.path}: {match.message}" for match in found] == []
