"""Logs: they end, and hold no secrets."""

from __future__ import annotations

import json
import re

from infra.template.logs import ACCESS_LOG, access_log_settings, group_id
from infra.template.names import chalice_name
from tests.infra.template.parts import SPEC, of_type


def test_every_function_has_a_log_group_that_ends() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    for function in SPEC.addresses():
        assert groups[group_id(function)]["LogGroupName"] == {
            "Fn::Sub": f"/aws/lambda/belfry-${{Stage}}-{chalice_name(function)}"
        }
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_the_access_log_names_no_address_no_token_and_no_query() -> None:
    logged = " ".join(ACCESS_LOG.values())
    for secret in ("path", "query", "header", "Authorization", "authorizer.token", "protocol"):
        assert secret not in logged
    assert {"requestId", "status", "responseMs", "integrationError"} <= set(ACCESS_LOG)
    assert json.loads(access_log_settings()["Format"]["Fn::Sub"]) == ACCESS_LOG


def test_what_api_gateway_throttles_is_counted_for_its_stage() -> None:
    counted = of_type("AWS::Logs::MetricFilter")["ThrottledRequests"]
    for field in re.findall(r"\$\.(\w+)", json.dumps(counted)):
        assert field in ACCESS_LOG
    assert counted["MetricTransformations"][0]["Dimensions"] == [
        {"Key": "Stage", "Value": "$.stage"}
    ]
