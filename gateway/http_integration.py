"""Invokes the functions of an HTTP API, and makes what comes of it an HTTP answer."""

import asyncio
import json
import logging
from typing import Any

from gateway import responses
from gateway.invoker import (
    START_SECONDS,
    Event,
    InvocationError,
    RequestTooLarge,
    TooManyRequests,
)
from gateway.responses import HttpAnswer, MalformedAnswer
from gateway.routing import Route
from gateway.spec import Spec
from gateway.surroundings import Surroundings

log = logging.getLogger(__name__)

_MOST_JSON_BYTES = 6
"""That a byte becomes in JSON, such as \\u0000."""
_HEADS = 8
"""More than a head's size may be in the event: names do not count there, and parts come twice."""
_compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class HttpIntegration:
    """The functions as an HTTP API sees them."""

    def __init__(self, spec: Spec, surroundings: Surroundings) -> None:
        self._invoker = surroundings.invoker
        self._limits = surroundings.limits
        # The invoker ends these, a slow start included, before their time here is over; a second
        # timer costs a tenth of the throughput.
        self._quick = {
            operation.function
            for operation in spec.operations
            if spec.settings(operation.function).timeout_seconds + START_SECONDS
            < surroundings.limits.integration_seconds
        }

    async def answer(self, route: Route, event: Event, body_bytes: int) -> HttpAnswer:
        """The function's answer, or the gateway's own where there is none."""
        function = route.operation.function
        if not self._fits(event, body_bytes):
            return responses.TOO_LARGE
        try:
            return responses.from_function(await self._invoke(function, event))
        except TimeoutError:
            log.error("%s: no answer from %s in time", route.key, function)
            return responses.SERVICE_UNAVAILABLE
        except TooManyRequests:
            return responses.TOO_MANY_REQUESTS
        except RequestTooLarge:
            return responses.TOO_LARGE
        except InvocationError as error:
            log.error("%s: %s", route.key, error)
        except MalformedAnswer as error:
            log.error("%s: the answer of %s is malformed: %s", route.key, function, error)
        except Exception:
            log.exception("%s: invoking %s failed", route.key, function)
        return responses.INTERNAL_ERROR

    async def _invoke(self, function: str, event: Event) -> Any:
        if function in self._quick:
            return await self._invoker.invoke(function, event)
        async with asyncio.timeout(self._limits.integration_seconds):
            return await self._invoker.invoke(function, event)

    def _fits(self, event: Event, body_bytes: int) -> bool:
        """Whether Lambda takes the event; its exact size is asked for only near the limit."""
        limit = self._limits.invocation_bytes
        most = _MOST_JSON_BYTES * (body_bytes + _HEADS * self._limits.request_head_bytes)
        return most < limit or len(_compact_json(event).encode("utf-8", "replace")) <= limit
