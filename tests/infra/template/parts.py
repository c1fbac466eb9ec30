"""A part of the template made whole: what it names and other modules make, is stood in for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

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
