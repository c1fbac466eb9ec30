"""The edge of an authorizer function: a request event in, a permission out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from belfry.errors import InvalidToken
from belfry.function import Event, Function
from belfry.wiring import Deps

log = logging.getLogger(__name__)

Permission = dict[str, Any]


class Unauthorized(Exception):
    """Its text makes API Gateway answer 401 (developer guide, "Use Lambda authorizers")."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def authorizer(decide: Callable[[Event, Deps], Permission]) -> Function[Permission]:
    """Make a decision into an authorizer: InvalidToken becomes 401, other errors 500."""

    def run(event: Event, parts: Deps) -> Permission:
        try:
            return decide(event, parts)
        except InvalidToken as error:
            log.info("refused: %s", error.detail)
            raise Unauthorized from None

    return Function(run)


def bearer_token(event: Event) -> str:
    """The token of the Authorization header. Raises InvalidToken."""
    headers: dict[str, str] = {
        name.lower(): value for name, value in event.get("headers", {}).items()
    }
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken("There is no bearer token.")
    return token.strip()
