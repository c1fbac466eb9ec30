"""What wakes somebody up: each alarm says what is wrong and where to look, and tells one topic."""

from __future__ import annotations

from typing import Any

from gateway.spec import Spec
from infra.template import metrics
from infra.template.alarm import FIVE_MINUTES, alarm, share
from infra.template.names import chalice_name, logical_id, ref


def alarms(spec: Spec) -> dict[str, Any]:
    return {
        "Parameters": _parameters(),
        "Conditions": {"AlarmsByEmail": {"Fn::Not": [{"Fn::Equals": [ref("AlarmEmail"), ""]}]}},
        "Resources": {
            **_topic(),
            **_of_belfry(),
            **_of_apis(),
            **_of_broker(),
            **{
                f"{logical_id(function)}Errors": _of_function(function)
                for function in triggered(spec)
            },
            **_of_rotations(spec),
        },
    }


def triggered(spec: Spec) -> tuple[str, ...]:
    """The functions that queues and schedules call: nobody sees them fail."""
    queues = {trigger.function for trigger in spec.queues.values()}
    return tuple(sorted(queues | set(spec.schedules) | set(spec.deployment.schedules)))


def _parameters() -> dict[str, Any]:
    return {
        "AlarmEmail": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^([^@\s]+@[^@\s]+)?$",
            "ConstraintDescription": "must be an e-mail address, or empty",
            "Description": "Whom alarms are mailed to. AWS asks them first. Empty: nobody.",
        },
        "ConnectionsExpected": {
            "Type": "Number",
            "Default": 100000,
            "MinValue": 1,
            "Description": "An alarm rings above so many open WebSockets",
        },
    }


def _topic() -> dict[str, Any]:
    return {
        # Not encrypted: CloudWatch may not use the key that SNS has by itself, and an alarm's text
        # is no secret.
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "AlarmsByEmail",
            "Properties": {
                "TopicArn": ref("AlarmTopic"),
                "Protocol": "email",
                "Endpoint": ref("AlarmEmail"),
            },
        },
    }


def _of_belfry() -> dict[str, Any]:
    return {
        "DeadLettersAlarm": alarm(
            "dead-letters",
            "Notifications were given up. See Dead letters in the console, or "
            "belfry dead-letters list; then redrive or drop them.",
            metrics.belfry("DeadLetters"),
            above=0,
            period=FIVE_MINUTES,
            # Not measured is not gone; the next alarm tells that nobody measures.
            missing="ignore",
        ),
        "OutboxAgeAlarm": alarm(
            "outbox-age",
            "A notification has waited for over a minute to be published, or nothing measures any "
            "more. Look at the broker, at MongoDB, and at the log of dispatch.sweep.",
            metrics.belfry("OutboxAge"),
            above=60,
            of=5,
            ringing=3,
            missing="breaching",
        ),
        "ConnectionsAlarm": alarm(
            "connections",
            "More WebSockets are open than ConnectionsExpected. Raise it, and check the quotas "
            "of API Gateway.",
            metrics.belfry("Connections"),
            above=ref("ConnectionsExpected"),
            of=5,
            ringing=5,
            missing="notBreaching",
        ),
        "ThrottledRequestsAlarm": alarm(
            "throttled-requests",
            "API Gateway refused calls with 429. Ask AWS for a higher quota of requests a second.",
            metrics.belfry("ThrottledRequests"),
            above=0,
            of=5,
            ringing=3,
            missing="notBreaching",  # it is counted when it happens
            statistic="Sum",
        ),
        "ThrottlesAlarm": alarm(
            "throttles",
            "Lambda refused invocations, of this stage or of another in the account. Ask AWS for "
            "more concurrent executions, or raise the concurrency of inbox.events.",
            metrics.of_all_functions("Throttles"),
            above=0,
            of=5,
            ringing=3,
            missing="notBreaching",
            statistic="Sum",
        ),
    }


def _of_apis() -> dict[str, Any]:
    return {
        "HttpApiErrorsAlarm": share(
            "http-api-errors",
            "More than 1 % of the calls were answered with 5xx. See the HTTP API's access log, "
            "then the log of the function.",
            "IF(errors > 5, 100 * errors / calls, 0)",
            {"errors": metrics.of_http_api("5xx"), "calls": metrics.of_http_api("Count")},
            above=1,
            missing="notBreaching",  # no calls, no errors
        ),
        "WebSocketErrorsAlarm": share(
            "websocket-errors",
            "More than 1 % of what came in by WebSocket failed. See the logs of realtime.*.",
            # Each of the four is missing when there was none.
            "IF(FILL(errors, 0) + FILL(broken, 0) > 5, "
            "100 * (FILL(errors, 0) + FILL(broken, 0)) / (FILL(calls, 0) + FILL(opened, 0)), 0)",
            {
                "errors": metrics.of_websocket_api("IntegrationError"),
                "broken": metrics.of_websocket_api("ExecutionError"),
                "calls": metrics.of_websocket_api("MessageCount"),
                "opened": metrics.of_websocket_api("ConnectCount"),
            },
            above=1,
            missing="notBreaching",
        ),
    }


def _of_broker() -> dict[str, Any]:
    """Above its limit of memory, or under that of the disk, the broker takes nothing any more."""
    return {
        "BrokerMemoryAlarm": share(
            "broker-memory",
            "The broker uses over 80 % of the memory it may use, or has been silent for ten "
            "minutes. Look at its queues; take a larger BrokerInstance.",
            "100 * used / limit",
            {
                "used": metrics.of_broker("RabbitMQMemUsed"),
                "limit": metrics.of_broker("RabbitMQMemLimit"),
            },
            above=80,
            of=2,
            statistic="Maximum",
            missing="breaching",  # it reports every minute, except while it restarts
        ),
        "BrokerBacklogAlarm": alarm(
            "broker-backlog",
            "Over a hundred messages have waited in the broker for a quarter of an hour: a large "
            "broadcast, or queues that nobody reads. Look at the event source mappings of "
            "dispatch.deliver, and at its log.",
            metrics.of_broker("MessageReadyCount"),
            above=100,
            period=FIVE_MINUTES,
            of=3,
            ringing=3,
            missing="ignore",  # the alarm above tells that the broker is silent
            statistic="Minimum",
        ),
        "BrokerDiskAlarm": share(
            "broker-disk",
            "The broker's free disk is near its limit. Look at what waits in its queues.",
            "100 * limit / free",
            {
                "free": metrics.of_broker("RabbitMQDiskFree"),
                "limit": metrics.of_broker("RabbitMQDiskFreeLimit"),
            },
            above=50,
            of=2,
            statistic="Minimum",  # of a cluster, the node that is worst off: it stops all
            missing="ignore",  # the alarm above tells that the broker is silent
        ),
    }


def _of_function(function: str) -> dict[str, Any]:
    return alarm(
        f"{chalice_name(function)}-errors",
        f"{function} fails again and again; nothing is lost, but what it does waits. See its log.",
        metrics.of_function(function, "Errors"),
        above=0,
        of=5,
        ringing=3,
        missing="notBreaching",
        statistic="Sum",
    )


def _of_rotations(spec: Spec) -> dict[str, Any]:
    """Each failure tells: the next run may be a month away."""
    return {
        f"{logical_id(rotation.function)}Errors": alarm(
            f"{chalice_name(rotation.function)}-errors",
            f"{rotation.function} failed: the old {name} is still in use. See its log.",
            metrics.of_function(rotation.function, "Errors"),
            above=0,
            missing="notBreaching",
            statistic="Sum",
        )
        for name, rotation in spec.deployment.rotations.items()
    }
