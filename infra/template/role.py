"""A role: which service of AWS takes it, and what it then may do."""

from __future__ import annotations

from typing import Any


def role(service: str, policy: dict[str, Any], condition: dict[str, Any] | None = None) -> Any:
    """`service` is such as `lambda.amazonaws.com`; `condition` is when it may take the role."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust(service, condition),
            "Policies": [{"PolicyName": "Rights", "PolicyDocument": policy}],
        },
    }


def trust(service: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """The policy that says who may take a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        **({"Condition": condition} if condition else {}),
    }
    return document([statement])


def document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    """A policy of IAM."""
    return {"Version": "2012-10-17", "Statement": statements}


def allow(actions: list[str], resources: list[Any]) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
