"""One alarm, of a metric or of what is computed from several. All tell `AlarmTopic`."""

from __future__ import annotations

from typing import Any

from infra.template.metrics import Metric
from infra.template.names import ref, sub
from infra.template.triggers import PREPARED

MINUTE = 60
FIVE_MINUTES = 300
"""Seconds."""


def alarm(
    name: str,
    description: str,
    metric: Metric,
    *,
    above: int | dict[str, Any],
    missing: str,
    period: int = MINUTE,
    of: int = 1,
    ringing: int = 1,
    statistic: str = "Maximum",
) -> dict[str, Any]:
    """One that rings when `ringing` of the last `of` periods, in seconds, are above a value."""
    watched = {**metric.properties(), "Period": period, "Statistic": statistic}
    return _alarm(name, description, watched, above, missing, of, ringing)


def share(
    name: str,
    description: str,
    expression: str,
    parts: dict[str, Metric],
    *,
    above: int,
    missing: str,
    of: int = 1,
    statistic: str = "Sum",
) -> dict[str, Any]:
    """The same for what is computed, in percent, over five minutes."""
    queries: list[dict[str, Any]] = [
        {
            "Id": part,
            "MetricStat": {
                "Metric": metric.properties(),
                "Period": FIVE_MINUTES,
                "Stat": statistic,
            },
            "ReturnData": False,
        }
        for part, metric in parts.items()
    ]
    share = {"Id": "percent", "Expression": expression, "Label": name, "ReturnData": True}
    return _alarm(name, description, {"Metrics": [*queries, share]}, above, missing, of, of)


def _alarm(
    name: str,
    description: str,
    watched: dict[str, Any],
    above: int | dict[str, Any],
    missing: str,
    of: int,
    ringing: int,
) -> dict[str, Any]:
    # One that silence rings has to wait until somebody can speak.
    waits = {"DependsOn": [PREPARED]} if missing == "breaching" else {}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        **waits,
        "Properties": {
            "AlarmName": sub(f"belfry-${{Stage}}-{name}"),
            "AlarmDescription": description,
            **watched,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": above,
            "EvaluationPeriods": of,
            "DatapointsToAlarm": ringing,
            "TreatMissingData": missing,
            "AlarmActions": [ref("AlarmTopic")],
            "OKActions": [ref("AlarmTopic")],
        },
    }
