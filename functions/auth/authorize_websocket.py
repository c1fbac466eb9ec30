"""The authorizer of the WebSocket: by token or by ticket. Answers with an IAM policy."""

from belfry.authorizer import Permission, authorizer, bearer_token
from belfry.function import Event
from belfry.sessions import redeem_ticket
from belfry.wiring import Deps


@authorizer
def handler(event: Event, deps: Deps) -> Permission:
    ticket = event.get("queryStringParameters", {}).get("ticket")
    if ticket:
        caller = redeem_ticket(ticket, tickets=deps.tickets, clock=deps.clock)
    else:
        caller, _ = deps.token_verifier.verify(bearer_token(event))
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": caller.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {
            "role": caller.role.value,
            "scheme": event["headers"].get("X-Forwarded-Proto", "https"),
        },
    }
