"""`--fault` rules: what goes wrong on purpose, for people who test their own functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from gateway.app import Gateway
from gateway.invoker import Invoker
from gateway.spec import Spec
from local_runner.faulty import PUSHES, App, FaultyInvoker, FaultyPushes, Rule

LONGEST_SECONDS = 86_400.0

FAULTS = {
    "disconnect-late": ("SECONDS", "$disconnect is invoked so much later"),
    "disconnect-lost": ("N", "every N-th $disconnect is never invoked"),
    "authorizer-slow": ("SECONDS", "authorizers take so much longer"),
    "batch-twice": ("N", "every N-th batch of a queue comes again once done, as redelivered"),
    "throttle": ("N[:FUNCTION]", "every N-th invocation (of this function) is throttled"),
    "fail": ("N[:FUNCTION]", "every N-th invocation (of this function) raises an error instead"),
    "slow": ("SECONDS[:FUNCTION]", "invocations (of this function) take so much longer"),
    "push-gone": ("N", "every N-th push to a connection answers 410 GoneException"),
    "push-throttled": ("N", "every N-th push to a connection answers 429 LimitExceededException"),
}
"""By name: what follows after a colon, and what goes wrong."""

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)", re.ASCII)
_COUNT = re.compile(r"[1-9]\d{0,8}", re.ASCII)


class FaultError(ValueError):
    """A text is no rule; the message names it, and lists the rules there are."""

    def __init__(self, text: str, complaint: str) -> None:
        rules = "".join(
            f"\n  {f'{name}:{form}':<24} {about}" for name, (form, about) in FAULTS.items()
        )
        super().__init__(
            f"--fault {text}: {complaint}. SECONDS is like 30s or 200ms, N a number from 1 on "
            f"(1: every one):{rules}"
        )


def parse(text: str) -> Rule:
    """Read a rule such as `fail:3:orders.create`.

    Raises:
        FaultError: it has no such form.
    """
    name, *given = text.split(":")
    if name not in FAULTS:
        raise FaultError(text, f"there is no fault {name!r}")
    form, _ = FAULTS[name]
    if not given or len(given) > 2 or (len(given) == 2 and "[:FUNCTION]" not in form):
        raise FaultError(text, f"the form is {name}:{form}")
    function = given[1] if len(given) == 2 else None
    if "SECONDS" in form:
        return Rule(text, name, seconds=_seconds(text, given[0]), function=function)
    if not _COUNT.fullmatch(given[0]):
        raise FaultError(text, f"{given[0]!r} is no number from 1 on")
    return Rule(text, name, every=int(given[0]), function=function)


def _seconds(text: str, given: str) -> float:
    found = _SECONDS.fullmatch(given)
    if found is None:
        raise FaultError(text, f"{given!r} is no time")
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if seconds > LONGEST_SECONDS:
        raise FaultError(text, f"{given} is longer than a day")
    return seconds


class Faults:
    """The rules of a runner, put around its invoker and its application."""

    def __init__(self, rules: Sequence[Rule], spec: Spec) -> None:
        self._rules = rules
        self._spec = spec

    @classmethod
    def parse(cls, texts: Iterable[str], spec: Spec) -> Faults:
        """Raises FaultError: a rule is none, or speaks of a function that the spec does not."""
        rules = [parse(text) for text in texts]
        known = spec.addresses()
        for rule in rules:
            if rule.function is not None and rule.function not in known:
                near = "".join(get_close_matches(rule.function, known, n=1, cutoff=0.0))
                complaint = f"there is no function {rule.function!r}, the nearest is {near!r}"
                raise FaultError(rule.text, complaint)
        return cls(rules, spec)

    def wrap_invoker(self, invoker: Invoker) -> Invoker:
        """An invoker that goes wrong; the first rule is the outermost."""
        for rule in reversed(self._rules):
            if rule.name not in PUSHES:
                invoker = FaultyInvoker(rule, invoker, self._spec)
        return invoker

    def wrap_app(self, app: Gateway) -> App:
        """An application whose pushes to connections go wrong."""
        rules = [rule for rule in self._rules if rule.name in PUSHES]
        return FaultyPushes(rules, app) if rules and app.management is not None else app
