"""Puts the template together: each module beside this one makes a part of it, from openapi.yaml."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from gateway.spec import Spec
from infra.template.alarms import alarms
from infra.template.broker import broker
from infra.template.dashboard import dashboard
from infra.template.functions import functions
from infra.template.http_api import http_api
from infra.template.logs import logs
from infra.template.network import network
from infra.template.pages import pages
from infra.template.secrets import secrets
from infra.template.triggers import triggers
from infra.template.websocket_api import websocket_api

SECTIONS = ("Parameters", "Conditions", "Resources", "Outputs")


def template(spec: Spec) -> dict[str, Any]:
    """All of it. Raises ValueError when two parts have something of the same name."""
    merged: dict[str, dict[str, Any]] = defaultdict(dict)
    merged["Parameters"] |= _PARAMETERS
    for part in (
        functions(spec),
        http_api(spec),
        websocket_api(spec),
        triggers(spec),
        network(),
        broker(),
        secrets(spec),
        pages(),
        logs(spec),
        alarms(spec),
        dashboard(spec),
    ):
        for section, content in part.items():
            taken = merged[section].keys() & content.keys()
            if section not in SECTIONS or taken:
                raise ValueError(f"{section} of the template: {', '.join(sorted(taken))} twice")
            merged[section] |= content
    return {"Description": _DESCRIPTION, **merged}


_DESCRIPTION = "Belfry: notifications that reach every open device of a person"

_PARAMETERS = {
    "Tracing": {
        "Type": "String",
        "Default": "Active",
        "AllowedValues": ["Active", "PassThrough"],
        "Description": "Active: X-Ray records one call in a second and every twentieth of the rest "
        "(Lambda lets nobody change that). PassThrough: none.",
    },
    "Stage": {
        "Type": "String",
        "AllowedPattern": "^[a-z][a-z0-9-]{0,19}$",
        "Description": "Which of your deployments this is; part of every name",
    },
    "MongodbSecret": {
        "Type": "String",
        # Whole, with its six random characters: a policy names it.
        "AllowedPattern": "^arn:[^:]+:secretsmanager:[^:]+:[0-9]+:secret:.+-[A-Za-z0-9]{6}$",
        "ConstraintDescription": "must be the whole ARN of a secret in AWS Secrets Manager",
        "Description": "ARN of the secret whose text is MongoDB's address (mongodb+srv://…)",
    },
}
