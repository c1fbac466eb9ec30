"""The log groups that Amazon MQ makes by itself, which CloudFormation knows nothing of.

Without this they would be kept for ever, also when the broker is gone. Their names are those of
the Amazon MQ developer guide, "Configuring RabbitMQ logs".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from infra.deploy.aws import Aws, told
from infra.deploy.stacks import Resource

BROKER = "AWS::AmazonMQ::Broker"


def prefixes(resources: Iterable[Resource]) -> list[str]:
    """How the names of each broker's log groups begin, also of a broker that is gone already."""
    brokers = (each.physical_id for each in resources if each.type == BROKER and each.physical_id)
    return [prefix(broker) for broker in brokers]


def prefix(broker: str) -> str:
    return f"/aws/amazonmq/broker/{broker}/"


def keep(aws: Aws, prefix: str, days: int) -> int:
    """Have them kept for so many days; answers how many groups there are."""
    logs: Any = aws.client("logs")
    found = 0
    for group in _groups(logs, prefix):
        found += 1
        if group.get("retentionInDays") != days:
            with told():
                logs.put_retention_policy(logGroupName=group["logGroupName"], retentionInDays=days)
    return found


def remove(aws: Aws, prefix: str) -> list[str]:
    """Delete them; answers their names."""
    logs: Any = aws.client("logs")
    names = [group["logGroupName"] for group in _groups(logs, prefix)]
    for name in names:
        with told():
            logs.delete_log_group(logGroupName=name)
    return names


def _groups(logs: Any, prefix: str) -> Iterator[dict[str, Any]]:
    with told():
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            yield from page["logGroups"]
