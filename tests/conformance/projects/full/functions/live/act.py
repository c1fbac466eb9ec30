"""Does what the message says, as in functions/acts.py; what it answers is sent as JSON."""

import json
from typing import Any

from ..acts import act


def handler(event: dict[str, Any], context: Any) -> Any:
    order = json.loads(event["body"])
    answer = act(order, context)
    if order["do"] in {"answer", "fill"}:
        return answer
    return {"statusCode": 200, "body": json.dumps(answer)}
