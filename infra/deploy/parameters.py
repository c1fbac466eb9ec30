"""The parameters of a deployment: what is given now, and what the stack remembers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from infra.deploy.aws import DeployError
from infra.deploy.release import Template

Parameter = dict[str, Any]
"""As CreateChangeSet takes it."""

TOGETHER = ("SubnetIds", "VpcId")
"""A network that is given, or neither of them."""


def given(pairs: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE`, as the command line has it. Raises DeployError for another form."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise DeployError(f"--parameter {pair}: write NAME=VALUE, such as LogRetentionDays=30.")
        found[name] = value
    return found


def parameters(
    template: Template, chosen: Mapping[str, str], remembered: Mapping[str, str]
) -> list[Parameter]:
    """What CloudFormation is to be told.

    What is not chosen now stays as the stack has it, even where the template's default has
    changed: a deployment changes nothing that nobody asked for.

    Raises DeployError for a parameter that is unknown, missing, not allowed or without its fellow.
    """
    declared: Mapping[str, Any] = template.get("Parameters", {})
    for name in chosen:
        if name not in declared:
            raise DeployError(f"There is no parameter {name}. There are: {', '.join(declared)}.")
    _check_together({**remembered, **chosen})
    found = [_parameter(name, declared[name], chosen, remembered) for name in declared]
    return [each for each in found if each]


def _parameter(
    name: str, rules: Mapping[str, Any], chosen: Mapping[str, str], remembered: Mapping[str, str]
) -> Parameter:
    if name in chosen:
        _check(name, rules, chosen[name])
        return {"ParameterKey": name, "ParameterValue": chosen[name]}
    if name in remembered:
        return {"ParameterKey": name, "UsePreviousValue": True}
    if "Default" in rules:
        return {}
    raise DeployError(f"This stage is new: it needs {_option(name)}. {_described(rules)}".rstrip())


def _check_together(values: Mapping[str, str]) -> None:
    missing = [name for name in TOGETHER if not values.get(name)]
    if len(missing) == 1:
        raise DeployError(
            f"{' and '.join(TOGETHER)} go together: {_option(missing[0])} is missing. With neither "
            "of them, a network is made."
        )


def _check(name: str, rules: Mapping[str, Any], value: str) -> None:
    """As CloudFormation does, but before anything is uploaded. The value may be a secret."""
    allowed = [str(each) for each in rules.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise DeployError(f"{_option(name)} is one of {', '.join(allowed)}.")
    if not re.fullmatch(rules.get("AllowedPattern", ".*"), value, re.DOTALL):
        reason = rules.get("ConstraintDescription", "has another form")
        raise DeployError(f"{_option(name)} {reason}. {_described(rules)}".rstrip())


def _option(name: str) -> str:
    return "--mongodb-secret ARN" if name == "MongodbSecret" else f"--parameter {name}=VALUE"


def _described(rules: Mapping[str, Any]) -> str:
    description: str = rules.get("Description", "")
    return description
