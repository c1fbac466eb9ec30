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
from infra.template.role import allow, document
from infra.template.websocket_api import WEBSOCKET_API


class Right(Enum):
    """A part of Belfry that a function needs AWS's leave for."""

    DATABASE = auto()
    """Reads the secret with MongoDB's address."""
    BROKER = auto()
    """Reads the secret with the broker's password, to publish."""
    PUSH = auto()
    """Sends frames to WebSockets."""
    HANG_UP = auto()
    """Closes WebSockets."""
    SIGN = auto()
    """Reads the private key that signs tokens."""
    VERIFY = auto()
    """Reads the public keys that tokens are verified with."""
    MAKE_KEYS = auto()
    """Makes the first keys of the tokens."""
    ROTATE_KEYS = auto()
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
    Right.HANG_UP: frozenset({"auth.leave"}),
    Right.SIGN: frozenset({"auth.login"}),
    Right.VERIFY: frozenset({"auth.authorize", "auth.authorize_websocket"}),
    Right.MAKE_KEYS: frozenset({"system.prepare"}),
    Right.ROTATE_KEYS: frozenset({"auth.rotate_signing_key"}),
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
    rights = rights_of(function)
    found = [_tell(function), _TRACE]
    if needs_network(function):
        found.append(_BE_IN_A_NETWORK)
    secrets = [_READ[right] for right in Right if right in rights & _READ.keys()]
    if any(trigger.function == function for trigger in spec.queues.values()):
        found += _BE_TRIGGERED_BY_THE_BROKER
        secrets += [] if Right.BROKER in rights else [ref("BrokerSecret")]  # for Lambda's poller
    if secrets:
        found.append(allow([GET], secrets))
    found += [_connections(_SOCKETS[r], spec) for r in Right if r in rights & _SOCKETS.keys()]
    for right in Right:
        if right in rights:
            found += _KEYS.get(right, ())
    return document(found)


def _tell(function: str) -> dict[str, Any]:
    group = f"log-group:/aws/lambda/{APP}-${{Stage}}-{chalice_name(function)}:*"
    return allow(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [sub(f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:{group}")],
    )


GET = "secretsmanager:GetSecretValue"
DESCRIBE = "secretsmanager:DescribeSecret"
CHANGE = ["secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]

_READ = {
    Right.DATABASE: ref("MongodbSecret"),
    Right.BROKER: ref("BrokerSecret"),
    Right.SIGN: ref("SigningKeySecret"),
    Right.VERIFY: ref("VerificationKeysSecret"),
    Right.ADMINISTRATOR: ref("AdministratorSecret"),
}


_SOCKETS = {Right.PUSH: "POST", Right.HANG_UP: "DELETE"}


def _connections(method: str, spec: Spec) -> dict[str, Any]:
    """The `@connections` API (API Gateway developer guide, "… to control access to APIs")."""
    stage = spec.websocket.stage if spec.websocket else "*"
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
    path = f"${{{WEBSOCKET_API}}}/{stage}/{method}/@connections/*"
    return allow(["execute-api:ManageConnections"], [sub(arn + path)])


_KEYS: Mapping[Right, Iterable[dict[str, Any]]] = {
    Right.MAKE_KEYS: [
        allow([GET, *CHANGE], [ref("SigningKeySecret"), ref("VerificationKeysSecret")])
    ],
    Right.ROTATE_KEYS: [
        allow([DESCRIBE, GET, *CHANGE], [ref("SigningKeySecret")]),
        allow([GET, *CHANGE], [ref("VerificationKeysSecret")]),
    ],
}

# What AWS demands for its own part, with the actions that its own policies have. None of them
# takes a resource.
_TRACE = allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"])
_BE_IN_A_NETWORK = allow(
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
    allow(["mq:DescribeBroker"], [attribute("Broker", "Arn")]),
    allow(["ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"], ["*"]),
]
