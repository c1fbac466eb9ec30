"""An invoker and a gateway that go wrong by a rule.

Rules count and roll no dice: the same calls go wrong every time. Each strike is a line in the log.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.app import Gateway
from gateway.asgi import Receive, Scope, Send
from gateway.invoker import (
    Event,
    FunctionError,
    FunctionTimedOut,
    Invoker,
    TooManyRequests,
    cold_start,
)
from gateway.management import service_error
from gateway.responses import send_answer
from gateway.spec import Spec

log = logging.getLogger(__name__)

App = Callable[[Scope, Receive, Send], Awaitable[None]]

PUSHES = {"push-gone": (410, "GoneException"), "push-throttled": (429, "LimitExceededException")}
"""By the rule's name: status and error of the service model."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A `--fault`: what goes wrong, how often or for how long, and of which function (None: any).

    `every` counts those that the rule concerns; 1 is all of them.
    """

    text: str
    name: str
    seconds: float = 0.0
    every: int = 1
    function: str | None = None


class _Turns:
    """Counts what a rule concerns, and tells whose turn it is."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._seen = 0

    def strikes(self, what: str) -> bool:
        self._seen += 1
        if self._seen % self._rule.every:
            return False
        log.info("--fault %s strikes: %s", self._rule.text, what)
        return True


class FaultyInvoker:
    """An `Invoker` under one rule."""

    def __init__(self, rule: Rule, invoker: Invoker, spec: Spec) -> None:
        self._rule = rule
        self._invoker = invoker
        self._spec = spec
        self._turns = _Turns(rule)
        self._later: set[asyncio.Task[None]] = set()
        strikes = {
            "disconnect-late": self._invoke_later,
            "disconnect-lost": self._lose,
            "authorizer-slow": self._wait_first,
            "batch-twice": self._invoke_twice,
            "throttle": self._throttle,
            "fail": self._fail,
            "slow": self._wait_first,
        }
        self._strike = strikes[rule.name]

    async def invoke(self, function: str, event: Event) -> Any:
        """See `gateway.invoker.Invoker`."""
        if self._concerns(function, event) and self._turns.strikes(function):
            return await self._strike(function, event)
        return await self._invoker.invoke(function, event)

    def _concerns(self, function: str, event: Event) -> bool:
        match self._rule.name:
            case "disconnect-late" | "disconnect-lost":
                return bool(event.get("requestContext", {}).get("eventType") == "DISCONNECT")
            case "authorizer-slow":
                return event.get("type") == "REQUEST"
            case "batch-twice":
                return event.get("eventSource") == "aws:rmq"
        return self._rule.function in (None, function)

    async def _invoke_later(self, function: str, event: Event) -> Any:
        # Nobody reads the answer of a $disconnect, and the gateway would not wait that long.
        task = asyncio.create_task(self._sleep_and_invoke(function, event))
        self._later.add(task)
        task.add_done_callback(self._later.discard)
        return {"statusCode": 200}

    async def _sleep_and_invoke(self, function: str, event: Event) -> None:
        await asyncio.sleep(self._rule.seconds)
        try:
            await self._invoker.invoke(function, event)
        except Exception as error:
            log.error("%s, late by --fault %s: %s", function, self._rule.text, error)

    async def _lose(self, function: str, event: Event) -> Any:
        return {"statusCode": 200}

    async def _wait_first(self, function: str, event: Event) -> Any:
        # The time limit is the function's, and the gateway trusts that an invoker keeps to it.
        limit = self._spec.settings(function).timeout_seconds
        late = min(self._rule.seconds, limit)
        await asyncio.sleep(late)
        began = time.monotonic()
        answer = await self._invoker.invoke(function, event) if late < limit else None
        # A cold start is no part of a function's time.
        if late + time.monotonic() - began >= limit and not cold_start.get():
            raise FunctionTimedOut(f"{function}: task timed out after {limit:.2f} seconds")
        return answer

    async def _invoke_twice(self, function: str, event: Event) -> Any:
        again = copy.deepcopy(event)
        for records in again["rmqMessagesByQueue"].values():
            for record in records:
                record["redelivered"] = True
        await self._invoker.invoke(function, event)
        return await self._invoker.invoke(function, again)

    async def _throttle(self, function: str, event: Event) -> Any:
        raise TooManyRequests(f"asked for by --fault {self._rule.text}")

    async def _fail(self, function: str, event: Event) -> Any:
        raise FunctionError("Fault", f"asked for by --fault {self._rule.text}")


class FaultyPushes:
    """The gateway, which refuses some calls of POST @connections."""

    def __init__(self, rules: Sequence[Rule], app: Gateway) -> None:
        self._app = app
        self._rules = [(rule, _Turns(rule)) for rule in rules]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        struck = self._struck(scope)
        if struck is None:
            await self._app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass  # an answer before the body's end would cost the client its connection
        status, kind = PUSHES[struck.name]
        message = f"asked for by --fault {struck.text}"
        await send_answer(send, service_error(status, kind, message))

    def _struck(self, scope: Scope) -> Rule | None:
        management = self._app.management
        is_push = (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and management is not None
            and management.matches(scope["path"])
        )
        # All rules count all pushes, also those that another rule strikes.
        struck = [rule for rule, turns in self._rules if is_push and turns.strikes(scope["path"])]
        return struck[0] if struck else None
