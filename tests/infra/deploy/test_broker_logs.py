"""The log groups that Amazon MQ makes by itself."""

from __future__ import annotations

from typing import Any

import pytest

from infra.deploy.broker_logs import keep, prefix, prefixes, remove
from infra.deploy.stacks import Resource
from infra.template.broker import broker
from tests.infra.deploy.emulator import Emulator

OTHER = "/aws/amazonmq/broker/b-10/general"


@pytest.fixture
def logs(emulator: Emulator) -> Any:
    client = emulator.client("logs")
    for name in ("general", "connection"):
        client.create_log_group(logGroupName=f"{prefix('b-1')}{name}")
    client.create_log_group(logGroupName=OTHER)
    return client


def retention(logs: Any) -> dict[str, int | None]:
    found = logs.describe_log_groups()["logGroups"]
    return {each["logGroupName"]: each.get("retentionInDays") for each in found}


def test_the_prefix_is_that_of_the_output() -> None:
    assert broker()["Outputs"]["BrokerLogs"]["Value"] == {"Fn::Sub": prefix("${Broker}")}


def test_brokers_are_found_also_when_they_are_gone() -> None:
    resources = [
        Resource("Broker", "b-1", "AWS::AmazonMQ::Broker", "DELETE_COMPLETE"),
        Resource("Never", "", "AWS::AmazonMQ::Broker", "CREATE_FAILED"),
        Resource("Pages", "b-2", "AWS::S3::Bucket", "CREATE_COMPLETE"),
    ]
    assert prefixes(resources) == ["/aws/amazonmq/broker/b-1/"]


def test_logs_of_this_broker_only_are_kept_for_so_long(emulator: Emulator, logs: Any) -> None:
    assert keep(emulator.aws, prefix("b-1"), 30) == 2
    assert keep(emulator.aws, prefix("b-1"), 7) == 2
    assert list(retention(logs).values()) == [7, 7, None]
    assert keep(emulator.aws, prefix("b-3"), 7) == 0


def test_logs_of_this_broker_only_are_removed(emulator: Emulator, logs: Any) -> None:
    assert remove(emulator.aws, prefix("b-1")) == [
        "/aws/amazonmq/broker/b-1/connection",
        "/aws/amazonmq/broker/b-1/general",
    ]
    assert list(retention(logs)) == [OTHER]
    assert remove(emulator.aws, prefix("b-1")) == []
