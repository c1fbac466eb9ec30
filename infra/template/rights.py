"""What each function may do on AWS: what its code can call, and nothing else.

A table, not a guess from the code: a test derives from the code what each function can call, and
fails when the table allows more or less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any

from gateway.spec import Spec
from infra.template.names import APP, attribute, chalice_name, ref, sub
from infra.template.websocket_api import STAGE, WEBSOCKET_API


class Right(Enum):
    """A part of Belfry that a function needs AWS's leave for."""

    DATABASE = auto()
    """Reads the secret with MongoDB's address."""
    BROKER = auto()
    """Reads the secret with the broker's password, to publish."""
    PUSH = auto()
    """Sends frames to WebSockets."""
    SIGN = auto()
    """Reads the private key that signs tokens."""
    VERIFY = auto()
    """Reads the public keys that tokens are verified with."""
    ROTATE = auto()
    """Replaces the keys of the tokens."""
    ADMINISTRATOR = auto()
    """Reads the first administrator's password."""


WITHOUT_DATABASE = {"auth.authorize", "auth.rotate_signing_key"}

HOLDERS: Mapping[Right, frozenset[str]] = {
    Right.BROKER: frozenset(
        {
            "broadcasts.create",
            "broadcasts.withdraw",
            "dead_letters.redrive",
            "dead_letters.redrive_all",
            "dispatch.deliver",
            "dispatch.fan_out",
            "dispatch.sweep",
            "notifications.create",
            "system.health",
            "system.prepare",
            "system.statistics",
        }
    ),
    Right.PUSH: frozenset(
        {
            "dispatch.deliver",
            "dispatch.due",
            "dispatch.fan_out",
            "inbox.change",
            "notifications.delete",
            "notifications.mark",
            "notifications.replace",
            "notifications.withdraw",
            "realtime.change",
            "realtime.mark",
        }
    ),
    Right.SIGN: frozenset({"auth.login"}),
    Right.VERIFY: frozenset({"auth.authorize", "auth.authorize_websocket"}),
    Right.ROTATE: frozenset({"auth.rotate_signing_key", "system.prepare"}),
    Right.ADMINISTRATOR: frozenset({"system.prepare"}),
}


def rights_of(function: str) -> frozenset[Right]:
    """What the function may use."""
    found = {right for right, holders in HOLDERS.items() if function in holders}
    return frozenset(found if function in WITHOUT_DATABASE else found | {Right.DATABASE})


def needs_network(function: str) -> bool:
    """Whether it talks to a broker or a database, which may be private."""
    return bool(rights_of(function) & {Right.DATABASE, Right.BROKER})


def policy(function: str, spec: Spec) -> dict[str, Any]:
    """The policy of the function's role."""
    found = [_tell(function), _TRACE]
    if needs_network(function):
        found.append(_BE_IN_A_NETWORK)
    if any(trigger.function == function for trigger in spec.queues.values()):
        found += _BE_TRIGGERED_BY_THE_BROKER
    read = [_SECRETS[right] for right in Right if right in rights_of(function) & _SECRETS.keys()]
    queued = any(trigger.function == function for trigger in spec.queues.values())
    if queued and ref("BrokerSecret") not in read:
        read.append(ref("BrokerSecret"))  # for the poller, which has the function's role
    if read:
        found.append(_statement(["secretsmanager:GetSecretValue"], read))
    if Right.PUSH in rights_of(function):
        found.append(_statement(["execute-api:ManageConnections"], [_CONNECTIONS]))
    if Right.ROTATE in rights_of(function):
        found += _ROTATE
    return {"Version": "2012-10-17", "Statement": found}


def _statement(actions: list[str], resources: Iterable[Any]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources)}


def _tell(function: str) -> dict[str, Any]:
    group = f"log-group:/aws/lambda/{APP}-${{Stage}}-{chalice_name(function)}:*"
    return _statement(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [sub(f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:{group}")],
    )


_SECRETS = {
    Right.DATABASE: ref("MongodbSecret"),
    Right.BROKER: ref("BrokerSecret"),
    Right.SIGN: ref("SigningKeySecret"),
    Right.VERIFY: ref("VerificationKeysSecret"),
    Right.ADMINISTRATOR: ref("AdministratorSecret"),
}

_CONNECTIONS = sub(
    "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    f"${{{WEBSOCKET_API}}}/${{{STAGE}}}/POST/@connections/*"
)

_ROTATE = [
    _statement(
        [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        [ref("SigningKeySecret")],
    ),
    _statement(
        ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        [ref("VerificationKeysSecret")],
    ),
]

# What AWS demands for its own part, with the actions that its own policies have. None of them
# takes a resource.
_TRACE = _statement(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])
_BE_IN_A_NETWORK = _statement(
    [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses",
    ],
    ["*"],
)
_BE_TRIGGERED_BY_THE_BROKER = [
    _statement(["mq:DescribeBroker"], [attribute("Broker", "Arn")]),
    _statement(["ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"], ["*"]),
]
