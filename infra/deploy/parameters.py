"""The parameters of a deployment: what is given now, and what the stack remembers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from infra.deploy.aws import DeployError
from infra.deploy.release import Template

SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")

Parameter = dict[str, Any]
"""As CreateChangeSet takes it."""


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
    template: Template, chosen: Mapping[str, str], remembered: Collection[str]
) -> list[Parameter]:
    """What CloudFormation is to be told.

    What is not chosen now stays as the stack has it, even where the template's default has
    changed: a deployment changes nothing that nobody asked for.

    Raises DeployError for a parameter that is unknown, missing or not allowed.
    """
    declared: Mapping[str, Any] = template.get("Parameters", {})
    for name in chosen:
        if name not in declared:
            raise DeployError(f"There is no parameter {name}. There are: {', '.join(declared)}.")
    found = [_parameter(name, declared[name], chosen, remembered) for name in declared]
    return [each for each in found if each]


def _parameter(
    name: str, rules: Mapping[str, Any], chosen: Mapping[str, str], remembered: Collection[str]
) -> Parameter:
    if name in chosen:
        _check(name, rules, chosen[name])
        return {"ParameterKey": name, "ParameterValue": chosen[name]}
    if name in remembered:
        return {"ParameterKey": name, "UsePreviousValue": True}
    if "Default" in rules:
        return {}
    option = "--mongodb-secret ARN" if name == "MongodbSecret" else f"--parameter {name}=VALUE"
    told = rules.get("Description", "")
    raise DeployError(f"This stage is new: it needs {option}. {told}".rstrip())


def _check(name: str, rules: Mapping[str, Any], value: str) -> None:
    if name == "MongodbSecret" and not SECRET.fullmatch(value):
        raise DeployError(
            f"--mongodb-secret {value}: give the ARN of a secret in Secrets Manager, "
            "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME, whose text is MongoDB's address."
        )
    allowed = [str(each) for each in rules.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise DeployError(f"--parameter {name}={value}: it is one of {', '.join(allowed)}.")
