"""What a deployment says of itself: alarms and the administrator."""

from __future__ import annotations

import json

import pytest

from infra.deploy.aws import DeployError
from infra.deploy.stacks import Resource
from infra.deploy.watching import ASKED_AT_ONCE, administrator, ringing
from tests.infra.deploy.emulator import Emulator


def test_only_alarms_of_the_stack_that_ring_are_told(emulator: Emulator) -> None:
    cloudwatch = emulator.client("cloudwatch")
    for name in ("dead-letters", "outbox", "of somebody else"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold"
        )
    for name in ("dead-letters", "of somebody else"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="3 > 0")
    quiet = [f"alarm {number}" for number in range(ASKED_AT_ONCE)]
    names = [*quiet, "dead-letters", "outbox"]
    resources = [Resource("id", name, "AWS::CloudWatch::Alarm", "") for name in names]
    other = Resource("Topic", "of somebody else", "AWS::SNS::Topic", "")
    assert ringing(emulator.aws, [*resources, other]) == {"dead-letters": "3 > 0"}


def test_without_alarms_nothing_rings(emulator: Emulator) -> None:
    assert ringing(emulator.aws, []) == {}


def test_the_administrator_is_read(emulator: Emulator) -> None:
    text = json.dumps({"email": "admin@example.com", "password": "secret"})
    arn = emulator.client("secretsmanager").create_secret(Name="a", SecretString=text)["ARN"]
    found = administrator(emulator.aws, arn)
    assert (found.email, found.password) == ("admin@example.com", "secret")


@pytest.mark.parametrize("text", ["secret", "[]", '{"email": "a"}', "null"])
def test_a_secret_of_another_form_is_told_without_its_text(emulator: Emulator, text: str) -> None:
    arn = emulator.client("secretsmanager").create_secret(Name="a", SecretString=text)["ARN"]
    with pytest.raises(DeployError, match="is not of the form") as error:
        administrator(emulator.aws, arn)
    assert text not in str(error.value).replace(arn, "").replace("The secret", "")


def test_a_secret_that_is_not_there_is_told(emulator: Emulator) -> None:
    with pytest.raises(DeployError, match="ResourceNotFoundException"):
        administrator(emulator.aws, "nothing")
