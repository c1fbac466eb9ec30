"""What a deployment says of itself: the alarms that ring, and who administers it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from infra.deploy.aws import Aws, DeployError, told
from infra.deploy.stacks import Resource

ALARM = "AWS::CloudWatch::Alarm"
ASKED_AT_ONCE = 100
"""DescribeAlarms takes no more names (CloudWatch, API reference)."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who may notify others, as the deployment's secret has it."""

    email: str
    password: str = field(repr=False)


def ringing(aws: Aws, resources: Iterable[Resource]) -> Mapping[str, str]:
    """The alarms of a stack that ring, and CloudWatch's reason for each."""
    names = [each.physical_id for each in resources if each.type == ALARM and each.physical_id]
    pages = aws.client("cloudwatch").get_paginator("describe_alarms")
    found: dict[str, str] = {}
    with told():
        for start in range(0, len(names), ASKED_AT_ONCE):
            some = names[start : start + ASKED_AT_ONCE]
            for page in pages.paginate(AlarmNames=some):
                alarms = [each for each in page["MetricAlarms"] if each["StateValue"] == "ALARM"]
                found |= {each["AlarmName"]: each["StateReason"] for each in alarms}
    return found


def administrator(aws: Aws, secret: str) -> Administrator:
    """The administrator that the secret names. Raises DeployError when it holds something else."""
    with told():
        text = aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    try:
        found = json.loads(text)
        return Administrator(found["email"], found["password"])
    except (ValueError, TypeError, KeyError):
        raise DeployError(
            f'The secret {secret} is not of the form {{"email": …, "password": …}}.'
        ) from None
