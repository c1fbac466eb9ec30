"""Tells what a function got to an open WebSocket connection: the witness of a test.

boto3 finds the API by the variable AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI.
"""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

_connections = boto3.client("apigatewaymanagementapi")


def tell(witness: str | None, what: dict[str, Any]) -> None:
    """Push an object to the witness, if there is one."""
    if witness:
        _connections.post_to_connection(ConnectionId=witness, Data=json.dumps(what).encode())


def push(connection_id: str, text: str) -> str:
    """Push a text; the answer is `ok`, or the class of the error that boto3 raised."""
    try:
        _connections.post_to_connection(ConnectionId=connection_id, Data=text.encode())
    except ClientError as error:
        return type(error).__name__
    return "ok"
