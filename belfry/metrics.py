"""Measures as a line of a log that CloudWatch makes metrics of, without any call.

Form: Amazon CloudWatch user guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json

from belfry.measures import Measures

NAMESPACE = "Belfry"
DIMENSION = "Stage"
UNITS = {
    "DeadLetters": "Count",
    "OutboxAge": "Seconds",
    "Connections": "Count",
    "PeopleOnline": "Count",
}


def line(measures: Measures, stage: str) -> str:
    """One line of JSON; `stage` is the name of the deployment that was measured."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in UNITS.items()],
    }
    values = {
        "DeadLetters": measures.dead_letters,
        "OutboxAge": measures.outbox_age,
        "Connections": measures.connections,
        "PeopleOnline": measures.people_online,
    }
    milliseconds = int(measures.at.timestamp() * 1000)
    about = {"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": about, DIMENSION: stage, **values})
