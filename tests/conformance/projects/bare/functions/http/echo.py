"""Answers a request with its own event, and with a CORS header of its own."""

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    headers = {
        "content-type": "application/json",
        "access-control-allow-origin": "https://mine.example",
    }
    return {"statusCode": 200, "headers": headers, "body": json.dumps(event)}
