"""Where is logged what, and for how long: nothing is kept for ever.

The WebSocket API has no access log: that needs a role in the settings of the whole account, which
belong to no single stack. What its functions log names every connection.
"""

from __future__ import annotations

import json
from typing import Any

from gateway.spec import Spec
from infra.template.names import attribute, chalice_name, logical_id, ref, sub

RETENTION = ref("LogRetentionDays")

ACCESS_LOG = {
    "stage": "${Stage}",
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "responseMs": "$context.responseLatency",
    "integrationMs": "$context.integrationLatency",
    "integrationStatus": "$context.integrationStatus",
    "integrationError": "$context.integrationErrorMessage",
    "authorizerError": "$context.authorizer.error",
    "error": "$context.error.message",
    "sourceIp": "$context.identity.sourceIp",
    "bytes": "$context.responseLength",
}
"""The route and no path or query: ids, filters and whatever a caller puts there are nobody's
business ("Customize HTTP API access logs", API Gateway developer guide, has the variables)."""


def group_id(function: str) -> str:
    """The logical id of the function's log group."""
    return f"{logical_id(function)}Logs"


def access_log_settings() -> dict[str, Any]:
    """The `AccessLogSettings` of the HTTP API's stage."""
    return {
        "DestinationArn": attribute("HttpApiLogGroup", "Arn"),
        "Format": sub(json.dumps(ACCESS_LOG)),
    }


def logs(spec: Spec) -> dict[str, Any]:
    """A group for each function and one for the HTTP API; what API Gateway refused is counted."""
    resources = {
        group_id(function): _group(f"/aws/lambda/belfry-${{Stage}}-{chalice_name(function)}")
        for function in spec.addresses()
    }
    # Groups of this prefix need no line each in a policy that is limited in length.
    resources["HttpApiLogGroup"] = _group("/aws/vendedlogs/belfry-${Stage}/http-api")
    resources["ThrottledRequests"] = _throttled()
    return {
        "Parameters": {
            "LogRetentionDays": {
                "Type": "Number",
                "Default": 30,
                "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365],
                "Description": "How long logs are kept, in days",
            }
        },
        "Resources": resources,
    }


def _group(name: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        # The names are fixed, so groups that stayed would stop the next deployment of the stage.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": sub(name), "RetentionInDays": RETENTION},
    }


def _throttled() -> dict[str, Any]:
    """API Gateway has no metric for its 429: theirs is the one that no function answered.

    Of very many it may log only some (developer guide, "Monitor HTTP APIs").
    """
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": ref("HttpApiLogGroup"),
            "FilterPattern": '{ ($.status = "429") && ($.integrationStatus = "-") }',
            "MetricTransformations": [
                {
                    "MetricNamespace": "Belfry",
                    "MetricName": "ThrottledRequests",
                    "MetricValue": "1",
                    "Unit": "Count",
                    "Dimensions": [{"Key": "Stage", "Value": "$.stage"}],
                }
            ],
        },
    }
