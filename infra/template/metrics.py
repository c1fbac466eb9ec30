"""The metrics that alarms and the dashboard look at, by AWS's names and dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.template.broker import BROKER_NAME
from infra.template.names import chalice_name, ref, sub

Value = str | dict[str, Any]
"""A text, or a function of CloudFormation that gives one."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch: its namespace, name and dimensions, in this order."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, Value], ...] = ()

    def properties(self) -> dict[str, Any]:
        """As an alarm names it."""
        found: dict[str, Any] = {"Namespace": self.namespace, "MetricName": self.name}
        if self.dimensions:
            found["Dimensions"] = [{"Name": name, "Value": v} for name, v in self.dimensions]
        return found


def belfry(name: str) -> Metric:
    """What `system.measure` prints, and the filter of the access log counts."""
    return Metric("Belfry", name, (("Stage", ref("Stage")),))


def of_function(function: str, name: str) -> Metric:
    called = sub(f"belfry-${{Stage}}-{chalice_name(function)}")
    return Metric("AWS/Lambda", name, (("FunctionName", called),))


def of_all_functions(name: str) -> Metric:
    """Of the whole account in this region, as its limit of concurrent executions is."""
    return Metric("AWS/Lambda", name)


def of_http_api(name: str) -> Metric:
    return Metric("AWS/ApiGateway", name, (("ApiId", ref("HttpApi")),))


def of_websocket_api(name: str) -> Metric:
    return Metric("AWS/ApiGateway", name, (("ApiId", ref("WebSocketApi")),))


def of_broker(name: str) -> Metric:
    """Of all nodes together ("Available CloudWatch metrics", Amazon MQ developer guide)."""
    return Metric("AWS/AmazonMQ", name, (("Broker", BROKER_NAME),))
