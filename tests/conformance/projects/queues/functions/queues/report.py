"""Tells each batch to the WebSocket connection that its first message names as `witness`.

A message is a JSON object; what its `fill` holds is not told. The first one also says what the
batch meets: `seconds` to sleep, `failures`: how often the batch fails before it succeeds, and
`answer`: what the function returns.
"""

import base64
import json
import time
from collections import Counter
from typing import Any

import boto3

_connections = boto3.client("apigatewaymanagementapi")
_tries: Counter[str] = Counter()


def handler(event: dict[str, Any], context: Any) -> Any:
    began = time.time()
    [(queue, records)] = event["rmqMessagesByQueue"].items()
    messages = [json.loads(base64.b64decode(record["data"])) for record in records]
    for record, message in zip(records, messages, strict=True):
        record["data"] = {name: message[name] for name in message if name != "fill"}
    first = messages[0]
    time.sleep(first.get("seconds", 0))
    report = {"queue": queue, "began": began, "ended": time.time(), "event": event}
    _connections.post_to_connection(ConnectionId=first["witness"], Data=json.dumps(report).encode())
    _tries[first["name"]] += 1
    if _tries[first["name"]] <= first.get("failures", 0):
        raise ValueError("this batch was to fail")
    return first.get("answer")
