"""The functions: what chalice does not say of them, because only CloudFormation knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.spec import Spec
from infra.template.logs import group_id
from infra.template.names import APP, attribute, chalice_name, logical_id, ref, role_id, sub
from infra.template.network import of_functions
from infra.template.rights import Right, needs_network, policy, rights_of
from infra.template.role import role
from infra.template.triggers import PREPARED


def functions(spec: Spec) -> dict[str, Any]:
    """Each function's name, role, variables and network. Merged into those that chalice makes."""
    resources: dict[str, Any] = {}
    for function in spec.addresses():
        resources[logical_id(function)] = _function(function, spec)
        resources[role_id(function)] = role("lambda.amazonaws.com", policy(function, spec))
    return {"Resources": resources}


def _function(function: str, spec: Spec) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": sub(f"{APP}-${{Stage}}-{chalice_name(function)}"),
        "Role": attribute(role_id(function), "Arn"),
        "Tracing": ref("Tracing"),
        "Environment": {"Variables": environment(function)},
        "LoggingConfig": {"LogGroup": ref(group_id(function))},  # which it may not make itself
    }
    settings = spec.settings(function)
    if settings.concurrency:
        properties["ReservedConcurrentExecutions"] = settings.concurrency
    if needs_network(function):
        properties["VpcConfig"] = of_functions()
    if function in _called_and_not_waited_for(spec):
        properties["EventInvokeConfig"] = {"MaximumRetryAttempts": 0}
    found: dict[str, Any] = {"Properties": properties}
    if spec.deployment.prepare not in {None, function}:
        found["DependsOn"] = [PREPARED]  # no new code before its data are migrated
    return found


def _called_and_not_waited_for(spec: Spec) -> set[str]:
    """Those that Lambda would try twice more after an error, each for as long as the first time.

    A schedule comes again anyway, and CloudFormation has been told of what failed.
    """
    prepare = spec.deployment.prepare
    scheduled = {*spec.schedules, *spec.deployment.schedules}
    return scheduled | ({prepare} if prepare else set())


def environment(function: str) -> dict[str, Any]:
    """The function's variables. Those of secrets hold where to read them."""
    found: dict[str, Any] = {"STAGE": ref("Stage")}
    for right, variables in _VARIABLES.items():
        if right in rights_of(function):
            found.update(variables)
    return found


_KEYS = {
    "TOKEN_PRIVATE_KEY": ref("SigningKeySecret"),
    "TOKEN_PUBLIC_KEY": ref("VerificationKeysSecret"),
}

_VARIABLES: Mapping[Right, Mapping[str, Any]] = {
    Right.DATABASE: {"MONGODB_URI": ref("MongodbSecret")},
    Right.BROKER: {
        "RABBITMQ_URL": {"Fn::Select": [0, attribute("Broker", "AmqpEndpoints")]},
        "RABBITMQ_CREDENTIALS": ref("BrokerSecret"),
    },
    Right.SIGN: {"TOKEN_PRIVATE_KEY": ref("SigningKeySecret")},
    Right.VERIFY: {"TOKEN_PUBLIC_KEY": ref("VerificationKeysSecret")},
    Right.MAKE_KEYS: _KEYS,
    Right.ROTATE_KEYS: _KEYS,
    Right.ADMINISTRATOR: {"ADMINISTRATOR": ref("AdministratorSecret")},
}
