"""GET /hello: the same answer as bench/servers/bare.py gives."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": '{"message":"hello"}',
    }
