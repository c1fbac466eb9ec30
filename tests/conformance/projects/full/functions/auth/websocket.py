"""The authorizer of the WebSocket API. What it answers is said by `token` in the query, as JSON.

{"do": …} is an order as in functions/acts.py. Otherwise `allow` is a boolean, `context` an object,
and `fill` is how many bytes more the context gets. The connection id in `witness`, when there is
one, is told the event, and is part of the context, so that all later events of the connection can
be told to it as well.
"""

import json
from typing import Any

from ..acts import act
from ..witness import tell


def handler(event: dict[str, Any], context: Any) -> Any:
    order = json.loads(event["queryStringParameters"]["token"])
    witness = order.get("witness")
    tell(witness, {"authorizer": event})
    if order.get("do") == "refuse":
        raise ValueError("Unauthorized")
    if "do" in order:
        return act(order, context)
    given = {**order.get("context", {}), **({"witness": witness} if witness else {})}
    if "fill" in order:
        given["filling"] = "x" * order["fill"]
    effect = "Allow" if order.get("allow", True) else "Deny"
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": effect,
        "Resource": event["methodArn"],
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "caller", "policyDocument": document, "context": given}
