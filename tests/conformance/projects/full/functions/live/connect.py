"""$connect: tells its event to the witness, then does what `connect` in the query says.

{"do": "push"} pushes to its own connection, which is not open yet, and tells the witness how that
ended. {"do": "protocol"} takes the last subprotocol offered. All else is as in functions/acts.py.
"""

import json
from typing import Any

from ..acts import act
from ..witness import push, tell


def handler(event: dict[str, Any], context: Any) -> Any:
    about = event["requestContext"]
    witness = about.get("authorizer", {}).get("witness")
    tell(witness, {"connect": event})
    order = json.loads(event["queryStringParameters"].get("connect", "{}"))
    match order.get("do"):
        case None:
            return {"statusCode": 200}
        case "push":
            tell(witness, {"pushed": push(about["connectionId"], "too early")})
            return {"statusCode": 200}
        case "protocol":
            offered = event["headers"]["Sec-WebSocket-Protocol"].split(",")
            header = {"Sec-WebSocket-Protocol": offered[-1].strip()}
            return {"statusCode": 200, "headers": header}
        case "sleep":
            act(order, context)
            return {"statusCode": 200}
    return act(order, context)
