"""Packages, and the parameters that a template wants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy import parameters as of_stack
from infra.deploy.aws import DeployError, stack_name
from infra.deploy.parameters import parameters
from infra.deploy.release import kept, located, read, version_of
from tests.infra.deploy.small_package import SECRET, small_template, write_package

FUNCTION = {
    "Type": "AWS::Serverless::Function",
    "Properties": {"CodeUri": "./deployment.zip", "Handler": "functions.auth.me.handler"},
}
TEMPLATE = small_template(AuthMe=FUNCTION, Other={"Type": "AWS::SNS::Topic"})


def test_functions_get_the_place_of_their_code(tmp_path: Path) -> None:
    release = read(write_package(tmp_path, TEMPLATE))
    template = json.loads(located(release, "bucket").body)
    properties = template["Resources"]["AuthMe"]["Properties"]
    assert properties["CodeUri"] == {"Bucket": "bucket", "Key": release.code_key}
    assert properties["Handler"] == "functions.auth.me.handler"
    del template["Metadata"]
    properties["CodeUri"] = "./deployment.zip"
    assert template == TEMPLATE


def test_the_same_package_is_the_same_version_and_another_is_not(tmp_path: Path) -> None:
    first = located(read(write_package(tmp_path / "a", TEMPLATE)), "bucket")
    again = located(read(write_package(tmp_path / "b", TEMPLATE)), "bucket")
    other = located(read(write_package(tmp_path / "c", TEMPLATE, b"another zip")), "bucket")
    assert first == again
    assert other.version != first.version
    assert other.key != first.key
    assert version_of(json.loads(first.body)) == first.version
    assert version_of(TEMPLATE) is None


def test_what_stays_is_named() -> None:
    assert kept(TEMPLATE) == ["Log"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("template.json", None, r"no template\.json in .*make package"),
        ("deployment.zip", None, r"no deployment\.zip in .*make package"),
        ("template.json", "{", "is not JSON"),
        ("template.json", "[]", "is no template"),
    ],
    ids=["no template", "no zip", "half a template", "no resources"],
)
def test_what_is_no_package_is_told(
    tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    write_package(tmp_path, TEMPLATE)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(DeployError, match=told):
        read(tmp_path)


RULES: dict[str, Any] = {
    "Parameters": {
        "Stage": {},
        "MongodbSecret": {"AllowedPattern": "^arn:.+$", "Description": "MongoDB's address"},
        "BrokerDeployment": {
            "Default": "SINGLE_INSTANCE",
            "AllowedValues": ["SINGLE_INSTANCE", "CLUSTER_MULTI_AZ"],
        },
    }
}
NEW = {"Stage": "try", "MongodbSecret": SECRET}


def test_a_new_stack_takes_what_is_chosen_and_the_defaults() -> None:
    assert parameters(RULES, NEW, {}) == [
        {"ParameterKey": "Stage", "ParameterValue": "try"},
        {"ParameterKey": "MongodbSecret", "ParameterValue": SECRET},
    ]


def test_a_stack_remembers_what_was_chosen_before() -> None:
    names = ("Stage", "MongodbSecret", "BrokerDeployment", "Forgotten")
    remembered = dict.fromkeys(names, "as before")
    assert parameters(RULES, {"Stage": "try"}, remembered) == [
        {"ParameterKey": "Stage", "ParameterValue": "try"},
        {"ParameterKey": "MongodbSecret", "UsePreviousValue": True},
        {"ParameterKey": "BrokerDeployment", "UsePreviousValue": True},
    ]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"Stage": "try"}, "new: it needs --mongodb-secret ARN"),
        ({**NEW, "Colour": "red"}, "no parameter Colour.*Stage, MongodbSecret, BrokerDeployment"),
        (
            {**NEW, "MongodbSecret": "mongodb://u:p@h"},
            "--mongodb-secret ARN has another form. MongoDB's address",
        ),
        ({**NEW, "BrokerDeployment": "TWO"}, "BrokerDeployment=VALUE is one of SINGLE_INSTANCE"),
    ],
    ids=["missing", "unknown", "no ARN", "not allowed"],
)
def test_parameters_that_cannot_be_are_told(chosen: dict[str, str], told: str) -> None:
    with pytest.raises(DeployError, match=told) as error:
        parameters(RULES, chosen, {})
    assert "mongodb://" not in str(error.value)  # it would hold a password


NETWORK: dict[str, Any] = {
    "Parameters": {"SubnetIds": {"Default": ""}, "VpcId": {"Default": ""}, "Stage": {}}
}
GIVEN = {"SubnetIds": "subnet-1,subnet-2", "VpcId": "vpc-1"}


@pytest.mark.parametrize(
    ("chosen", "remembered", "missing"),
    [
        ({"SubnetIds": "subnet-1"}, {}, "VpcId"),
        ({"VpcId": "vpc-1"}, {}, "SubnetIds"),
        ({"VpcId": ""}, GIVEN, "VpcId"),
        ({"SubnetIds": "subnet-1"}, {"SubnetIds": "", "VpcId": ""}, "VpcId"),
    ],
    ids=["no network", "no subnets", "taken away", "added later"],
)
def test_half_a_network_is_told(
    chosen: dict[str, str], remembered: dict[str, str], missing: str
) -> None:
    with pytest.raises(DeployError, match=f"go together: --parameter {missing}=VALUE is missing"):
        parameters(NETWORK, {"Stage": "try", **chosen}, remembered)


def test_a_whole_network_is_taken_and_remembered() -> None:
    subnets = {"ParameterKey": "SubnetIds", "ParameterValue": GIVEN["SubnetIds"]}
    assert subnets in parameters(NETWORK, {"Stage": "try", **GIVEN}, {})
    again = {"ParameterKey": "SubnetIds", "UsePreviousValue": True}
    assert again in parameters(NETWORK, {"Stage": "try"}, GIVEN)


def test_parameters_on_the_command_line() -> None:
    assert of_stack.given(["A=b", "C=d=e", "F="]) == {"A": "b", "C": "d=e", "F": ""}
    for wrong in ("A", "=b", ""):
        with pytest.raises(DeployError, match="NAME=VALUE"):
            of_stack.given([wrong])


@pytest.mark.parametrize("stage", ["prod", "test-2", "a", "a" * 20])
def test_stages(stage: str) -> None:
    assert stack_name(stage) == f"belfry-{stage}"


@pytest.mark.parametrize(
    "stage", ["", "Prod", "2x", "a_b", "a--b", "-a", "a-", "a" * 21, "a-a-a-a-a-a-a-a-a-a-a", "a\n"]
)
def test_stages_that_aws_would_refuse(stage: str) -> None:
    with pytest.raises(DeployError, match="--stage"):
        stack_name(stage)


@given(st.from_regex(r"[a-z](-?[a-z0-9]){0,40}", fullmatch=True))
def test_a_stage_leaves_room_for_the_longest_function(stage: str) -> None:
    try:
        name = stack_name(stage)
    except DeployError:
        return
    assert len(f"{name}-{'x' * 24}") <= 64
