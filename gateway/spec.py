"""Reads openapi.yaml, the one place of wiring, and checks that it is complete and unambiguous."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from gateway.authorizer_form import Authorizer
from gateway.cors_form import Cors
from gateway.spec_form import (
    Deployment,
    FileForm,
    FunctionSettings,
    QueueTrigger,
    Schedule,
    WebSocketApi,
)
from gateway.spec_rules import problems
from gateway.unique_keys import UniqueKeys


class SpecError(Exception):
    """The file cannot be served; the message names each place and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One HTTP call: `method` is upper case or ANY, `authorizer` None when the call is public."""

    method: str
    path: str
    function: str
    authorizer: Authorizer | None


@dataclass(frozen=True, slots=True)
class Spec:
    """What an openapi.yaml wires together."""

    operations: tuple[Operation, ...]
    cors: Cors | None
    websocket: WebSocketApi | None
    queues: Mapping[str, QueueTrigger]
    schedules: Mapping[str, Schedule]
    deployment: Deployment
    functions: Mapping[str, FunctionSettings]
    default_settings: FunctionSettings

    def addresses(self) -> tuple[str, ...]:
        """Every function that the file names as operation, authorizer, route or trigger."""
        found = {operation.function for operation in self.operations}
        found |= {o.authorizer.function for o in self.operations if o.authorizer}
        if self.websocket:
            found |= {route.function for route in self.websocket.routes.values()}
            authorizer = self.websocket.authorizer
            found |= {authorizer.function} if authorizer else set()
        found |= {trigger.function for trigger in self.queues.values()}
        return tuple(sorted(found | set(self.schedules) | self.deployment.addresses()))

    def settings(self, function: str) -> FunctionSettings:
        """The function's time limit, memory and more: its own on top of the default ones."""
        return self.functions.get(function, self.default_settings)


def load_spec(path: Path) -> Spec:
    """Read and check the file.

    Raises:
        SpecError: the file is missing, is no YAML, or breaks a rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: cannot be read: {error}") from error
    return parse_spec(text, name=path.name)


def parse_spec(text: str, *, name: str = "openapi.yaml") -> Spec:
    """The same from text; `name` stands before each complaint.

    Raises:
        SpecError: the text is no YAML, or breaks a rule.
    """
    try:
        content = yaml.load(text, Loader=UniqueKeys)  # noqa: S506 - it is a SafeLoader
    except Exception as error:  # PyYAML lets pass what the types of Python raise
        raise SpecError(f"{name}: no valid YAML: {error}") from error
    try:
        form = FileForm.model_validate(content)
    except ValidationError as error:
        raise SpecError(_complaints(name, _describe(error))) from None
    found = list(problems(form))
    if found:
        raise SpecError(_complaints(name, found))
    spec = _spec(form)
    unknown = sorted(set(spec.functions) - set(spec.addresses()))
    if unknown:
        raise SpecError(
            _complaints(name, [f"x-functions → {f}: nothing names it" for f in unknown])
        )
    return spec


def _complaints(name: str, problems: list[str]) -> str:
    return "\n".join(f"{name}: {problem}" for problem in problems)


_WORDS = {
    "extra_forbidden": "there is no such name here",
    "missing": "is missing",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
}
"""What pydantic says in Python's terms, by its type of error."""


def _describe(error: ValidationError) -> list[str]:
    return [
        f"{' → '.join(str(part) for part in each['loc'] if part != '[key]') or 'the file'}: "
        f"{_WORDS.get(each['type'], each['msg'])}"
        for each in error.errors()
    ]


def _spec(form: FileForm) -> Spec:
    operations = []
    for method, path, operation in form.operations():
        names = form.schemes_of(operation)
        authorizer = form.components.security_schemes[names[0]].authorizer if names else None
        operations.append(Operation(method, path, operation.function, authorizer))
    default = form.default_settings()
    return Spec(
        tuple(operations),
        form.cors,
        form.websocket,
        form.queues,
        form.schedules,
        form.deployment,
        {
            address: given.on_top_of(default)
            for address, given in form.functions.items()
            if address != "default"
        },
        default,
    )
