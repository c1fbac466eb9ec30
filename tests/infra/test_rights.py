"""Least privilege: a policy allows what the code of its function can call, no more and no less.

What a function can call is read from its code (tests/infra/code.py), not from the table of
infra/template/rights.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.spec import load_spec
from infra.package import ROOT
from infra.template.functions import environment
from infra.template.names import ref
from infra.template.rights import HOLDERS, WITHOUT_DATABASE, needs_network, policy
from tests.infra.code import SECRET_VARIABLES, FunctionCode

SPEC = load_spec(ROOT / "openapi.yaml")
FUNCTIONS = SPEC.addresses()
KEYS = {"private": ref("SigningKeySecret"), "public": ref("VerificationKeysSecret")}
NOT_THE_CODES = ("logs:", "xray:", "ec2:", "mq:")
"""What AWS's services do with the role, for each function or each of a kind."""

Allowed = set[tuple[str, str]]


def code_allows(function: str) -> Allowed:
    """Each action with its resource, as the code of the function calls it."""
    code = FunctionCode(function)
    read = {name for name in code.variables if "Ref" in SECRET_VARIABLES[name]}
    found = {("secretsmanager:GetSecretValue", shown(SECRET_VARIABLES[name])) for name in read}
    found |= {("execute-api:ManageConnections", method) for method in code.sockets}
    if "signing_keys" in code.parts:
        found = {each for each in found if each[1] not in map(shown, KEYS.values())}
        found |= {
            (f"secretsmanager:{operation}", shown(KEYS[which]))
            for which, operation in code.secret_calls()
        }
    return found


def policy_allows(function: str) -> Allowed:
    found = set()
    for statement in policy(function, SPEC)["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            if not action.startswith(NOT_THE_CODES):
                found |= {(action, shown(each)) for each in statement["Resource"]}
    if is_triggered(function) and "RABBITMQ_CREDENTIALS" not in FunctionCode(function).variables:
        # Lambda's poller reads it with the function's role.
        found.remove(("secretsmanager:GetSecretValue", shown(ref("BrokerSecret"))))
    return found


def shown(resource: Any) -> str:
    """Of a path of @connections the method; else the resource as it is."""
    text = json.dumps(resource)
    return next((m for m in ("POST", "DELETE") if f"/{m}/@connections/*" in text), text)


def is_triggered(function: str) -> bool:
    return any(trigger.function == function for trigger in SPEC.queues.values())


def actions_of(function: str) -> set[str]:
    return {a for statement in policy(function, SPEC)["Statement"] for a in statement["Action"]}


@pytest.mark.parametrize("function", FUNCTIONS)
class TestEveryFunction:
    def test_its_policy_allows_what_its_code_can_call(self, function: str) -> None:
        assert policy_allows(function) == code_allows(function)

    def test_it_has_the_variables_that_its_code_reads_and_no_others(self, function: str) -> None:
        given = {name: value for name, value in environment(function).items() if name != "STAGE"}
        assert given == {name: SECRET_VARIABLES[name] for name in FunctionCode(function).variables}

    def test_it_is_in_the_network_if_it_talks_to_database_or_broker(self, function: str) -> None:
        talks = bool({"database", "queue", "declare_topology"} & FunctionCode(function).parts)
        assert needs_network(function) == talks
        assert ("ec2:CreateNetworkInterface" in actions_of(function)) == talks

    def test_only_those_that_a_queue_triggers_may_look_at_the_broker(self, function: str) -> None:
        assert ("mq:DescribeBroker" in actions_of(function)) == is_triggered(function)

    def test_no_action_is_a_pattern_and_only_aws_own_are_on_everything(self, function: str) -> None:
        for statement in policy(function, SPEC)["Statement"]:
            assert not [action for action in statement["Action"] if "*" in action]
            if "*" in statement["Resource"]:
                assert all(a.startswith(("xray:", "ec2:")) for a in statement["Action"])


def test_the_table_names_only_functions_that_there_are() -> None:
    assert WITHOUT_DATABASE.union(*HOLDERS.values()) <= set(FUNCTIONS)


def test_only_one_function_that_people_call_can_read_the_private_key() -> None:
    readers = {
        function
        for function in FUNCTIONS
        if "SigningKeySecret" in json.dumps(policy(function, SPEC))
    }
    assert readers == {"auth.login", "auth.rotate_signing_key", "system.prepare"}
