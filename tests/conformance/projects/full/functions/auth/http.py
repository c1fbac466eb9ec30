"""The authorizer of the HTTP API. What it answers is said by the Authorization header, as JSON.

{"do": …} is an order as in functions/acts.py. Otherwise `form` is "simple" or "policy", `allow` a
boolean and `context` an object. The context always gets a `nonce`, which a kept answer repeats.
"""

import json
from typing import Any
from uuid import uuid4

from ..acts import act
from ..witness import tell


def handler(event: dict[str, Any], context: Any) -> Any:
    order = json.loads(event["headers"]["authorization"])
    tell(order.get("witness"), {"authorizer": event})
    if order.get("do") == "refuse":
        raise ValueError("Unauthorized")
    if "do" in order:
        return act(order, context)
    given = {**order.get("context", {}), "nonce": uuid4().hex}
    if order.get("form") == "policy":
        return _policy(event["routeArn"], allow=order["allow"]) | {"context": given}
    return {"isAuthorized": order["allow"], "context": given}


def _policy(arn: str, *, allow: bool) -> dict[str, Any]:
    effect = "Allow" if allow else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "caller", "policyDocument": document}
