"""A function's variables as CloudFormation would fill them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.template.functions import environment


def variables(function: str, values: Mapping[str, str]) -> dict[str, str]:
    """`values` are the parameters, the ARNs of the secrets, and the address of the `Broker`."""
    return {name: _filled_in(value, values) for name, value in environment(function).items()}


def _filled_in(value: Mapping[str, Any], values: Mapping[str, str]) -> str:
    match value:
        case {"Ref": name}:
            return values[name]
        case {"Fn::Select": [0, {"Fn::GetAtt": ["Broker", "AmqpEndpoints"]}]}:
            return values["Broker"]
    raise AssertionError(value)
