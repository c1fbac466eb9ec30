"""The template of what the system needs: valid for CloudFormation, private, and gone when deleted.

What other modules make of a template is replaced by stand-ins.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from gateway.spec import parse_spec
from infra.template.alarms import alarms
from infra.template.broker import broker
from infra.template.dashboard import dashboard
from infra.template.logs import logs
from infra.template.network import network
from infra.template.pages import pages
from infra.template.secrets import secrets
from tests.infra.template.parts import whole

PROJECT = Path(__file__).resolve().parents[3]
REGIONS = ["us-east-1", "eu-central-1"]

SPEC = parse_spec(
    """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-queues:
  belfry.deliver.0: { function: dispatch.deliver }
  belfry.deliver.1: { function: dispatch.deliver }
x-schedules:
  dispatch.sweep: { everySeconds: 1 }
x-deployment:
  prepare: system.prepare
  rotations:
    signing-key: { function: auth.rotate_signing_key, everyDays: 30 }
  schedules:
    system.measure: { everySeconds: 60 }
"""
)
NETWORK, BROKER, PAGES = network(), broker(), pages()
SECRETS, LOGS, ALARMS = secrets(SPEC), logs(SPEC), alarms(SPEC)
DASHBOARD = dashboard(SPEC)

# Each part with those that it cannot be without.
TEMPLATES = {
    "network": whole(NETWORK),
    "broker": whole(BROKER, NETWORK),
    "secrets": whole(SECRETS),
    "pages": whole(PAGES),
    "logs": whole(LOGS),
    "everything": whole(NETWORK, BROKER, SECRETS, PAGES, LOGS, ALARMS, DASHBOARD),
}
ALL = TEMPLATES["everything"]


def of_type(name: str) -> dict[str, dict[str, Any]]:
    return {
        key: resource["Properties"]
        for key, resource in ALL["Resources"].items()
        if resource["Type"] == name
    }


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing(name: str) -> None:
    found = lint(json.dumps(TEMPLATES[name]), regions=REGIONS)
    assert [f"{match.rule.id} {match.path}: {match.message}" for match in found] == []
