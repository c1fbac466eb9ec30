"""One page that shows how a stage is: alarms, people, calls, latency, dispatching, the broker."""

from __future__ import annotations

import json
from typing import Any

from gateway.spec import Spec
from infra.template import metrics
from infra.template.alarms import alarms, triggered
from infra.template.broker import BROKER_NAME
from infra.template.metrics import Metric, Value
from infra.template.names import sub

COLUMNS = 24
HEIGHT = 6
MINUTE = 60


def dashboard(spec: Spec) -> dict[str, Any]:
    body = json.dumps({"widgets": [*_rows(spec)]})
    address = (
        "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}"
        "#dashboards/dashboard/${Dashboard}"
    )
    return {
        "Resources": {
            "Dashboard": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {
                    # Dashboards are the account's, not the region's.
                    "DashboardName": sub("belfry-${Stage}-${AWS::Region}"),
                    "DashboardBody": {"Fn::Sub": [body, {"BrokerName": BROKER_NAME}]},
                },
            }
        },
        "Outputs": {
            "DashboardUrl": {"Description": "How this stage is", "Value": sub(address)},
        },
    }


def _rows(spec: Spec) -> list[dict[str, Any]]:
    """Widgets, row by row from the top."""
    rows = [
        [_now()],
        [_alarms(spec)],
        [
            _chart("Calls per minute", _calls()),
            _chart("Milliseconds per call", _latency()),
            _chart("WebSocket, per minute", _websocket()),
        ],
        [
            _chart("Outbox: seconds waited", _outbox()),
            _chart("Milliseconds per batch", _durations(spec)),
            _chart("Errors of functions", _errors(spec)),
        ],
        [
            _chart("Functions at once, all of the account", _concurrency()),
            _chart("Broker: messages", _messages()),
            _chart("Broker: memory and disk, % of the limit", _broker()),
        ],
    ]
    return [
        {"x": x * COLUMNS // len(row), "y": y * HEIGHT, "width": COLUMNS // len(row), **widget}
        for y, row in enumerate(rows)
        for x, widget in enumerate(row)
    ]


def _now() -> dict[str, Any]:
    figures = {
        "PeopleOnline": "people online",
        "Connections": "open WebSockets",
        "DeadLetters": "dead letters",
        "OutboxAge": "seconds the oldest waits",
    }
    lines = [_line(metrics.belfry(name), "Maximum", label) for name, label in figures.items()]
    return _widget("metric", title="Now", view="singleValue", metrics=lines, period=MINUTE)


def _alarms(spec: Spec) -> dict[str, Any]:
    ids = [
        name
        for name, resource in alarms(spec)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return _widget("alarm", title="Alarms", alarms=[f"${{{name}.Arn}}" for name in ids])


def _calls() -> list[Any]:
    return [
        _line(metrics.of_http_api("Count"), "Sum", "calls"),
        _line(metrics.of_http_api("4xx"), "Sum", "refused (4xx)"),
        _line(metrics.of_http_api("5xx"), "Sum", "failed (5xx)"),
        _line(metrics.belfry("ThrottledRequests"), "Sum", "throttled (429)"),
    ]


def _latency() -> list[Any]:
    return [
        _line(metrics.of_http_api("Latency"), "p50", "half are faster"),
        _line(metrics.of_http_api("Latency"), "p99", "99 % are faster"),
        _line(metrics.of_http_api("IntegrationLatency"), "p99", "of that, the function"),
    ]


def _websocket() -> list[Any]:
    return [
        _line(metrics.of_websocket_api("ConnectCount"), "Sum", "opened"),
        _line(metrics.of_websocket_api("MessageCount"), "Sum", "messages, both ways"),
        _line(metrics.of_websocket_api("IntegrationError"), "Sum", "failed"),
        _line(metrics.of_websocket_api("ExecutionError"), "Sum", "not called"),
        _line(metrics.of_websocket_api("ClientError"), "Sum", "refused"),
    ]


def _outbox() -> list[Any]:
    return [_line(metrics.belfry("OutboxAge"), "Maximum", "the oldest")]


def _durations(spec: Spec) -> list[Any]:
    """The queues' functions: how long a batch takes is how fast a queue is emptied."""
    return [
        _line(metrics.of_function(function, "Duration"), "p99", function)
        for function in sorted({trigger.function for trigger in spec.queues.values()})
    ]


def _errors(spec: Spec) -> list[Any]:
    return [
        _line(metrics.of_function(function, "Errors"), "Sum", function)
        for function in triggered(spec)
    ]


def _concurrency() -> list[Any]:
    return [
        _line(metrics.of_all_functions("ConcurrentExecutions"), "Maximum", "at once"),
        _line(metrics.of_all_functions("Throttles"), "Sum", "throttled"),
    ]


def _messages() -> list[Any]:
    return [
        _line(metrics.of_broker("MessageReadyCount"), "Maximum", "waiting"),
        _line(metrics.of_broker("PublishRate"), "Average", "published a second"),
        _line(metrics.of_broker("AckRate"), "Average", "taken a second"),
        _line(metrics.of_broker("ConnectionCount"), "Maximum", "connections"),
    ]


def _broker() -> list[Any]:
    parts = {
        "used": ("RabbitMQMemUsed", "Maximum"),
        "may": ("RabbitMQMemLimit", "Maximum"),
        "free": ("RabbitMQDiskFree", "Minimum"),
        "least": ("RabbitMQDiskFreeLimit", "Maximum"),
    }
    return [
        [{"expression": "100 * used / may", "label": "memory"}],
        [{"expression": "100 * least / free", "label": "disk"}],
        *(
            _line(metrics.of_broker(name), statistic, part, id=part, visible=False)
            for part, (name, statistic) in parts.items()
        ),
    ]


def _chart(title: str, lines: list[Any]) -> dict[str, Any]:
    axis = {"left": {"min": 0}}
    return _widget("metric", title=title, metrics=lines, period=MINUTE, yAxis=axis)


def _widget(kind: str, **properties: Any) -> dict[str, Any]:
    if kind == "metric":
        properties["region"] = "${AWS::Region}"
    return {"type": kind, "height": HEIGHT, "properties": properties}


def _line(metric: Metric, statistic: str, label: str, **more: Any) -> list[Any]:
    """One line of a chart, as a dashboard names it."""
    dimensions = [part for name, value in metric.dimensions for part in (name, _text(value))]
    shown = {"stat": statistic, "label": label, **more}
    return [metric.namespace, metric.name, *dimensions, shown]


def _text(value: Value) -> str:
    """The same inside the text that `Fn::Sub` fills in."""
    if isinstance(value, str):
        return value
    if value == BROKER_NAME:
        return "${BrokerName}"
    return f"${{{value['Ref']}}}" if "Ref" in value else str(value["Fn::Sub"])
