"""POST /api/login: e-mail address and password for a token."""

from belfry.accounts import log_in
from belfry.http import Request, Response, endpoint
from belfry.inputs.accounts import Credentials
from belfry.wiring import Deps


@endpoint(body=Credentials, public=True)
def handler(request: Request[Credentials], deps: Deps) -> Response:
    token = log_in(
        request.input, users=deps.users, passwords=deps.passwords, tokens=deps.token_issuer
    )
    return Response(
        {"token": token.token, "tokenType": "Bearer", "expiresIn": token.expires_in},
        headers={"cache-control": "no-store"},
    )
