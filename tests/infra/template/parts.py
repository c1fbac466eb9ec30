"""The parts of the template that the system needs, and parts made whole.

What a part names and other modules make, is stood in for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.spec import parse_spec
from infra.template.alarms import alarms
from infra.template.broker import broker
from infra.template.dashboard import dashboard
from infra.template.logs import logs
from infra.template.network import network
from infra.template.pages import pages
from infra.template.secrets import secrets

PROJECT = Path(__file__).resolve().parents[3]
LONGEST_STAGE = 20

FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/stand-in",
        "Code": {"ZipFile": "handler = print"},
    },
}
API = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "a", "ProtocolType": "HTTP"}}
STAND_INS: dict[str, dict[str, Any]] = {
    "HttpApi": API,
    "WebSocketApi": API,
    "Prepared": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
}


def whole(*parts: dict[str, Any]) -> dict[str, Any]:
    """The parts together, with a stand-in for each name that none of them makes."""
    made: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}
    for part in parts:
        for section, content in part.items():
            assert not made.get(section, {}).keys() & content.keys()
            made[section] = made.get(section, {}) | content
    for name in missing(made):
        if name == "Stage":
            made.setdefault("Parameters", {})["Stage"] = {"Type": "String", "Default": "test"}
        else:
            made["Resources"][name] = STAND_INS.get(name, FUNCTION)
    return made


def missing(template: dict[str, Any]) -> set[str]:
    """The names that it uses and does not make."""
    made = {*template["Resources"], *template.get("Parameters", {})}
    return {name for name in names_in(template) if "::" not in name} - made


def names_in(part: Any) -> Iterator[str]:
    """Every name of a resource or parameter that something refers to."""
    if isinstance(part, list):
        for each in part:
            yield from names_in(each)
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key == "Ref":
            yield value
        elif key == "Fn::GetAtt":
            yield value[0]
        elif key == "Fn::Sub":
            text, given = (value, {}) if isinstance(value, str) else value
            yield from set(re.findall(r"\$\{([\w:]+)", text)) - set(given)
            yield from names_in(given)
        elif key == "DependsOn":
            yield from [value] if isinstance(value, str) else value
        else:
            yield from names_in(value)


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
ALL = whole(NETWORK, BROKER, SECRETS, PAGES, LOGS, ALARMS, DASHBOARD)


def of_type(name: str) -> dict[str, dict[str, Any]]:
    """The properties of each resource of a type, by its logical id."""
    return {
        key: resource["Properties"]
        for key, resource in ALL["Resources"].items()
        if resource["Type"] == name
    }
