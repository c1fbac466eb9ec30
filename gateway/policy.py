"""Decides by an IAM policy, as authorizers give it (IAM user guide, "Policy evaluation logic")."""

import re
from functools import lru_cache
from typing import Any

_ACTION = "execute-api:Invoke"


class MalformedPolicy(Exception):
    """The document is no policy with statements of Effect, Action and Resource."""


def allows(document: Any, resource: str) -> bool:
    """Whether the policy allows to invoke the resource: an explicit Deny wins, silence denies.

    Raises:
        MalformedPolicy: the document has another form.
    """
    effects = {effect for effect, patterns in _statements(document) if _any(patterns, resource)}
    return effects == {"Allow"}


def _statements(document: Any) -> list[tuple[str, list[str]]]:
    if not isinstance(document, dict):
        raise MalformedPolicy("policyDocument is no object")
    given = document.get("Statement")
    statements = given if isinstance(given, list) else [given]
    read = [_statement(statement) for statement in statements]
    return [(effect, resources) for effect, actions, resources in read if _any(actions, _ACTION)]


def _statement(statement: Any) -> tuple[str, list[str], list[str]]:
    if not isinstance(statement, dict) or statement.get("Effect") not in {"Allow", "Deny"}:
        raise MalformedPolicy("a statement is no object with the Effect Allow or Deny")
    return statement["Effect"], _texts(statement.get("Action")), _texts(statement.get("Resource"))


def _texts(given: Any) -> list[str]:
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise MalformedPolicy("Action and Resource are a text or a list of texts")
    return texts


def _any(patterns: list[str], text: str) -> bool:
    return any(_pattern(pattern).fullmatch(text) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    # `*` and `?` are IAM's only wildcards; fnmatch would read `[` as one too.
    escaped = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.IGNORECASE if pattern.startswith("execute-api") else 0)
