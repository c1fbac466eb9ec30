"""What invokes functions besides requests: queues, schedules, and CloudFormation itself."""

from __future__ import annotations

import json
from typing import Any

from gateway.spec import Spec
from gateway.spec_form import QueueTrigger, Schedule
from infra.template.names import attribute, logical_id, ref
from infra.template.network import WAYS_OUT
from infra.template.role import allow, document, role

PREPARED = "Prepared"
"""The custom resource behind which a new version begins to work."""

MINUTE = 60
"""EventBridge's shortest interval, in seconds."""

CUSTOM_RESOURCE_SECONDS = 3600
"""CloudFormation's longest patience with a custom resource."""


def triggers(spec: Spec) -> dict[str, Any]:
    """Event source mappings, schedules, and what prepares a new version."""
    resources = {
        f"{logical_id(queue)}Trigger": _mapping(queue, trigger)
        for queue, trigger in spec.queues.items()
    }
    schedules = {**spec.schedules, **spec.deployment.schedules}
    for function, schedule in schedules.items():
        resources[f"{logical_id(function)}Schedule"] = _schedule(function, schedule)
    if schedules:
        resources["ScheduleRole"] = _schedule_role(sorted(schedules))
    if spec.deployment.prepare:
        resources[PREPARED] = _prepared(spec.deployment.prepare, spec)
    return {"Resources": resources}


def _mapping(queue: str, trigger: QueueTrigger) -> dict[str, Any]:
    """One queue, invoked with one batch at a time, which comes back whole when it failed.

    There is no partial answer for a batch of Amazon MQ, and no destination for failures: Lambda
    developer guide, "Using Lambda with Amazon MQ".
    """
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "DependsOn": [PREPARED],  # which makes the queue
        "Properties": {
            "FunctionName": ref(logical_id(trigger.function)),
            "EventSourceArn": attribute("Broker", "Arn"),
            "Queues": [queue],
            "BatchSize": trigger.batch_size,
            "MaximumBatchingWindowInSeconds": int(trigger.batching_window_seconds),
            "SourceAccessConfigurations": [
                {"Type": "BASIC_AUTH", "URI": ref("BrokerSecret")},
                {"Type": "VIRTUAL_HOST", "URI": "/"},
            ],
        },
    }


def _schedule(function: str, schedule: Schedule) -> dict[str, Any]:
    """What comes more often than once a minute repeats itself within the minute."""
    minutes = max(1, round(schedule.every_seconds / MINUTE))
    repeat = {}
    if schedule.every_seconds < MINUTE:
        repeat = {"everySeconds": schedule.every_seconds, "forSeconds": MINUTE}
    event = {"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": repeat}
    return {
        "Type": "AWS::Scheduler::Schedule",
        "DependsOn": [PREPARED],
        "Properties": {
            "ScheduleExpression": f"rate({minutes} minute{'s' if minutes > 1 else ''})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": attribute(logical_id(function), "Arn"),
                "RoleArn": attribute("ScheduleRole", "Arn"),
                "Input": json.dumps(event),
                # The next minute comes anyway.
                "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": MINUTE},
            },
        },
    }


def _schedule_role(functions: list[str]) -> Any:
    invoked = [attribute(logical_id(function), "Arn") for function in functions]
    return role(
        "scheduler.amazonaws.com",
        document([allow(["lambda:InvokeFunction"], invoked)]),
        {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    )


def _prepared(function: str, spec: Spec) -> dict[str, Any]:
    """CloudFormation calls the function again when one of its properties changes.

    `infra.package` fills in `Version`.
    """
    patience = int(spec.settings(function).timeout_seconds) + MINUTE
    return {
        "Type": "Custom::Prepared",
        "Properties": {
            "ServiceToken": attribute(logical_id(function), "Arn"),
            "ServiceTimeout": min(patience, CUSTOM_RESOURCE_SECONDS),
            "Version": "",
            # Others of these want to be prepared, too.
            "Broker": attribute("Broker", "Arn"),
            "Mongodb": ref("MongodbSecret"),
            "Administrator": ref("AdministratorEmail"),
            # Not before there is a way to the database, and to CloudFormation.
            "WaysOut": {"Fn::If": ["OwnNetwork", [ref(each) for each in WAYS_OUT], ref("VpcId")]},
        },
    }
