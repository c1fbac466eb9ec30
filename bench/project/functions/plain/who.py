"""who: the connection's own id."""

from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": event["requestContext"]["connectionId"]}
