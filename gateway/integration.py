"""Invokes the functions of a WebSocket API, within its integration timeout."""

import asyncio
import logging
from typing import Any

from gateway import authorizers
from gateway.invoker import Event, InvocationError
from gateway.surroundings import Surroundings

log = logging.getLogger(__name__)

INTERNAL_ERROR = "Internal server error"
TIMED_OUT = "Endpoint request timed out"


class Integration:
    """The functions as a WebSocket API sees them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._invoker = surroundings.invoker
        self._limits = surroundings.limits

    async def invoke(self, function: str, event: Event) -> Any:
        """Raises: TimeoutError, InvocationError."""
        async with asyncio.timeout(self._limits.websocket_integration_seconds):
            try:
                return await self._invoker.invoke(function, event)
            except (InvocationError, TimeoutError):
                raise
            except Exception as error:
                log.exception("Invoking %s failed", function)
                raise InvocationError(repr(error)) from error

    async def authorize(self, function: str, event: Event, arn: str) -> tuple[str, dict[str, Any]]:
        """The principal and the context that an authorizer gives.

        Raises:
            AuthorizerError: it denies, or failed.
        """
        seconds = self._limits.authorizer_seconds
        answer = await authorizers.ask(self._invoker, function, event, seconds)
        limit = self._limits.authorizer_result_bytes
        return authorizers.read_websocket_answer(answer, arn, limit)
