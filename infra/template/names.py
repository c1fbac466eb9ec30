"""What functions and their parts are called: at chalice, in the template, and on AWS."""

from __future__ import annotations

import re
from typing import Any

APP = "belfry"


def chalice_name(function: str) -> str:
    """`dead_letters.redrive_all` → `dead-letters-redrive-all`."""
    return re.sub(r"[._]", "-", function)


def logical_id(name: str) -> str:
    """`dead_letters.redrive_all` → `DeadLettersRedriveAll`, as chalice makes it of its name.

    Likewise of a queue's name, or of a secret's.
    """
    return "".join(word.capitalize() for word in re.split(r"[._-]", name))


def role_id(function: str) -> str:
    """The logical id of the function's role, as chalice makes it."""
    return f"{logical_id(function)}Role"


def ref(name: str) -> dict[str, str]:
    """A parameter's value, or what names a resource."""
    return {"Ref": name}


def attribute(name: str, what: str) -> dict[str, list[str]]:
    """What CloudFormation knows of a resource, such as its Arn."""
    return {"Fn::GetAtt": [name, what]}


def sub(text: str) -> dict[str, str]:
    """A text with `${…}` filled in by CloudFormation."""
    return {"Fn::Sub": text}


def invocation_uri(function: str) -> dict[str, str]:
    """How API Gateway addresses a function."""
    return sub(
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
        f"${{{logical_id(function)}.Arn}}/invocations"
    )


def permission(function: str, principal: str, source: dict[str, str] | dict[str, list[str]]) -> Any:
    """Lets a service of AWS invoke the function, on behalf of this source only."""
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": attribute(logical_id(function), "Arn"),
            "Principal": principal,
            "SourceArn": source,
        },
    }
