"""The template as it is deployed: valid, whole, and as openapi.yaml says. Faults are noticed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest
from cfnlint.api import lint
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from gateway.spec import load_spec
from infra.package import ROOT
from infra.template.http_api import definition
from infra.template.names import logical_id
from infra.template.rights import policy

SPEC = load_spec(ROOT / "openapi.yaml")
REGIONS = ["us-east-1", "eu-central-1"]
Template = dict[str, Any]

MOST_RESOURCES, MOST_BYTES = 500, 1_000_000
"""CloudFormation's quotas for a template in a bucket."""


@pytest.fixture(scope="module")
def translated(made_template: Template) -> Template:
    """What CloudFormation makes of the Serverless transform, by AWS's own code."""
    return translation(made_template)


def translation(template: Template) -> Template:
    given = copy.deepcopy(template)
    for resource in given["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    parameters = {name: each.get("Default", "") for name, each in given["Parameters"].items()}
    parameters["Stage"] = "test"
    session = boto3.Session(region_name=REGIONS[0])
    translator = Translator({}, Parser(), boto_session=session)
    found: Template = translator.translate(given, parameters)
    return found


def complaints(template: Template, regions: Sequence[str] = REGIONS) -> Iterator[str]:
    """What is wrong with the template or its translation: by our rules, and by cfn-lint's."""
    yield from own_rules(template)
    for match in lint(json.dumps(template), regions=list(regions)):
        yield f"{match.rule.id} {match.path}: {match.message}"


def own_rules(template: Template) -> Iterator[str]:
    """What AWS demands and cfn-lint does not know, and what openapi.yaml implies."""
    resources = template["Resources"]
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            for setting in NOT_FOR_MQ & resource["Properties"].keys():
                yield f"{name}: {setting} is not for Amazon MQ"
    invoked = {
        json.dumps(resource["Properties"]["FunctionName"])
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::Permission"
    }
    for function in called_by_the_gateway():
        arn = json.dumps({"Fn::GetAtt": [logical_id(function), "Arn"]})
        if arn not in invoked:
            yield f"{function}: API Gateway may not invoke it"


NOT_FOR_MQ = {
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "FunctionResponseTypes",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
}
"""Settings of other sources (Lambda API reference, "CreateEventSourceMapping")."""


def called_by_the_gateway() -> set[str]:
    assert SPEC.websocket
    assert SPEC.websocket.authorizer
    found = {operation.function for operation in SPEC.operations}
    found |= {o.authorizer.function for o in SPEC.operations if o.authorizer}
    found |= {route.function for route in SPEC.websocket.routes.values()}
    return found | {SPEC.websocket.authorizer.function}


def test_it_is_valid(made_template: Template) -> None:
    assert list(complaints(made_template)) == []


def test_its_translation_is_valid(translated: Template) -> None:
    assert list(complaints(translated)) == []
    assert len(translated["Resources"]) < MOST_RESOURCES
    assert len(json.dumps(translated)) < MOST_BYTES


Fault = Callable[[Template], None]


def unknown_function(template: Template) -> None:
    body = template["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]
    integration = body["paths"]["/api/health"]["get"]["x-amazon-apigateway-integration"]
    integration["uri"]["Fn::Sub"] = integration["uri"]["Fn::Sub"].replace("SystemHealth", "Nobody")


def partial_batches(template: Template) -> None:
    mapping = template["Resources"]["BelfryDeliver0Trigger"]["Properties"]
    mapping["FunctionResponseTypes"] = ["ReportBatchItemFailures"]


def missing_permission(template: Template) -> None:
    del template["Resources"]["SystemHealthPermission"]


def missing_authorizer_permission(template: Template) -> None:
    del template["Resources"]["AuthAuthorizePermission"]


def misspelt_property(template: Template) -> None:
    broker = template["Resources"]["Broker"]["Properties"]
    broker["PublicAccessible"] = broker.pop("PubliclyAccessible")


def function_waits_for_itself(template: Template) -> None:
    template["Resources"]["SystemPrepare"]["DependsOn"] = ["Prepared"]


def missing_secret(template: Template) -> None:
    del template["Resources"]["BrokerSecret"]


def unknown_runtime(template: Template) -> None:
    template["Resources"]["SystemHealth"]["Properties"]["Runtime"] = "python2.7"


@pytest.mark.parametrize(
    "fault",
    [
        unknown_function,
        partial_batches,
        missing_permission,
        missing_authorizer_permission,
        misspelt_property,
        function_waits_for_itself,
        missing_secret,
        unknown_runtime,
    ],
)
def test_a_fault_is_noticed(made_template: Template, fault: Fault) -> None:
    broken = copy.deepcopy(made_template)
    fault(broken)
    found = next(complaints(broken, REGIONS[:1]), None)
    assert found or next(complaints(translation(broken), REGIONS[:1]), None)


class TestWhatItSays:
    def test_every_function_of_openapi_yaml_is_there_with_its_role(
        self, made_template: Template
    ) -> None:
        resources = made_template["Resources"]
        for function in SPEC.addresses():
            properties = resources[logical_id(function)]["Properties"]
            settings = SPEC.settings(function)
            assert properties["Handler"] == f"functions.{function}.handler"
            assert properties["Timeout"] == settings.timeout_seconds
            assert properties["MemorySize"] == settings.memory_megabytes
            assert properties.get("ReservedConcurrentExecutions") == settings.concurrency
            role = resources[properties["Role"]["Fn::GetAtt"][0]]["Properties"]
            assert role["Policies"][0]["PolicyDocument"] == policy(function, SPEC)

    def test_the_routes_are_those_of_openapi_yaml(self, made_template: Template) -> None:
        body = made_template["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]
        assert body == definition(SPEC)
        assert {
            (method.upper(), path, operation["operationId"], bool(operation["security"]))
            for path, item in body["paths"].items()
            for method, operation in item.items()
        } == {(o.method, o.path, o.function, o.authorizer is not None) for o in SPEC.operations}

    def test_every_websocket_route_reaches_its_function(self, translated: Template) -> None:
        resources, found = translated["Resources"], {}
        assert SPEC.websocket
        for resource in of_type(resources, "AWS::ApiGatewayV2::Route"):
            integration = resource["Target"]["Fn::Sub"].removeprefix("integrations/${")[:-1]
            uri = resources[integration]["Properties"]["IntegrationUri"]["Fn::Sub"]
            found[resource["RouteKey"]] = uri, "RouteResponseSelectionExpression" in resource
        assert found.keys() == SPEC.websocket.routes.keys()
        for key, route in SPEC.websocket.routes.items():
            uri, answers = found[key]
            assert f"${{{logical_id(route.function)}.Arn}}" in uri
            assert answers == route.route_response

    def test_only_connect_asks_the_authorizer(self, made_template: Template) -> None:
        routes = of_type(made_template["Resources"], "AWS::ApiGatewayV2::Route")
        authorized = [each["RouteKey"] for each in routes if "AuthorizerId" in each]
        assert authorized == ["$connect"]

    def test_every_queue_has_one_mapping(self, made_template: Template) -> None:
        mappings = of_type(made_template["Resources"], "AWS::Lambda::EventSourceMapping")
        found = {
            queue: (mapping["FunctionName"]["Ref"], mapping["BatchSize"])
            for mapping in mappings
            for queue in mapping["Queues"]
        }
        assert found == {
            queue: (logical_id(trigger.function), trigger.batch_size)
            for queue, trigger in SPEC.queues.items()
        }
        assert len(mappings) == len(found)

    def test_what_comes_every_second_repeats_itself_for_a_minute(
        self, made_template: Template
    ) -> None:
        resources = made_template["Resources"]
        for function, schedule in {**SPEC.schedules, **SPEC.deployment.schedules}.items():
            properties = resources[f"{logical_id(function)}Schedule"]["Properties"]
            event = json.loads(properties["Target"]["Input"])
            assert properties["ScheduleExpression"] == "rate(1 minute)"
            often = {"everySeconds": schedule.every_seconds, "forSeconds": 60}
            assert event["detail"] == (often if schedule.every_seconds < 60 else {})
            if schedule.every_seconds < 60:
                assert SPEC.settings(function).timeout_seconds > 60

    def test_nothing_runs_before_its_version_is_prepared(self, made_template: Template) -> None:
        resources = made_template["Resources"]
        for function in set(SPEC.addresses()) - {SPEC.deployment.prepare}:
            assert "Prepared" in resources[logical_id(function)]["DependsOn"]
        assert len(resources["Prepared"]["Properties"]["Version"]) == 16

    def test_another_broker_database_or_administrator_is_prepared_too(
        self, made_template: Template
    ) -> None:
        resources = made_template["Resources"]
        variables = resources["SystemPrepare"]["Properties"]["Environment"]["Variables"]
        assert variables["MONGODB_URI"] == {"Ref": "MongodbSecret"}
        prepared = resources["Prepared"]["Properties"]
        assert {"Ref": "MongodbSecret"} in prepared.values()
        assert {"Ref": "AdministratorEmail"} in prepared.values()
        assert {"Fn::GetAtt": ["Broker", "Arn"]} in prepared.values()


def of_type(resources: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [each["Properties"] for each in resources.values() if each["Type"] == name]
