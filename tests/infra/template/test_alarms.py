"""Alarms and dashboard: somebody is told, and told once."""

from __future__ import annotations

import json
import re
from typing import Any

from infra.template.alarms import triggered
from infra.template.broker import BROKER_NAME
from infra.template.dashboard import COLUMNS
from infra.template.names import chalice_name, logical_id
from tests.infra.template.parts import ALL, SPEC, of_type


def test_every_alarm_tells_the_topic_when_it_rings_and_when_it_ends() -> None:
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}], name
        assert alarm["AlarmDescription"].endswith("."), name
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"], name


def test_each_function_that_nobody_waits_for_has_an_alarm() -> None:
    unseen = {*triggered(SPEC), "auth.rotate_signing_key"}
    assert unseen == {
        "auth.rotate_signing_key",
        "dispatch.deliver",
        "dispatch.sweep",
        "system.measure",
    }
    for function in unseen:
        alarm = of_type("AWS::CloudWatch::Alarm")[f"{logical_id(function)}Errors"]
        assert alarm["MetricName"] == "Errors"
        assert alarm["Dimensions"][0]["Value"] == {
            "Fn::Sub": f"belfry-${{Stage}}-{chalice_name(function)}"
        }


def test_silence_of_what_reports_by_itself_rings() -> None:
    silent = {
        name
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items()
        if alarm["TreatMissingData"] == "breaching"
    }
    assert silent == {"OutboxAgeAlarm", "BrokerMemoryAlarm"}


def test_no_two_alarms_have_one_name() -> None:
    names = [each["AlarmName"]["Fn::Sub"] for each in of_type("AWS::CloudWatch::Alarm").values()]
    assert len(set(names)) == len(names)
    assert all(name.startswith("belfry-${Stage}-") for name in names)


def test_what_an_alarm_computes_is_made_of_what_it_reads() -> None:
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        queries = {query["Id"]: query for query in alarm.get("Metrics", ())}
        for query in queries.values():
            words = set(re.findall(r"[a-z]\w*", query.get("Expression", "")))
            assert words <= set(queries)


def test_mails_are_sent_only_to_somebody() -> None:
    subscription = ALL["Resources"]["AlarmSubscription"]
    assert subscription["Condition"] == "AlarmsByEmail"
    assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}


def widgets() -> list[dict[str, Any]]:
    text, given = of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    assert given == {"BrokerName": BROKER_NAME}
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def test_the_dashboard_is_a_grid_without_gaps() -> None:
    rows: dict[int, int] = {}
    for widget in widgets():
        rows[widget["y"]] = rows.get(widget["y"], 0) + widget["width"]
    assert set(rows.values()) == {COLUMNS}


def test_the_dashboard_shows_every_alarm() -> None:
    [shown] = [widget for widget in widgets() if widget["type"] == "alarm"]
    alarm_arns = {f"${{{name}.Arn}}" for name in of_type("AWS::CloudWatch::Alarm")}
    assert set(shown["properties"]["alarms"]) == alarm_arns


def test_the_dashboard_shows_all_that_alarms_look_at() -> None:
    lines = [line for widget in widgets() for line in widget["properties"].get("metrics", ())]
    shown = {tuple(line[:2]) for line in lines if isinstance(line[0], str)}
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        parts = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ())[:-1]]
        for metric in parts or [alarm]:
            assert (metric["Namespace"], metric["MetricName"]) in shown
