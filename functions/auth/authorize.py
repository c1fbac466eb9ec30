"""The authorizer of the HTTP API: whose token is it? Answers in the simple form.

A gateway answers 401 to a Lambda authorizer that raises an error with the text `Unauthorized`.
"""

from belfry.authorizer import Permission, authorizer, bearer_token
from belfry.function import Event
from belfry.wiring import Deps


@authorizer
def handler(event: Event, deps: Deps) -> Permission:
    caller, expires_at = deps.token_verifier.verify(bearer_token(event))
    return {
        "isAuthorized": True,
        "context": {
            "userId": caller.user_id,
            "role": caller.role.value,
            "expiresAt": int(expires_at.timestamp()),
        },
    }
