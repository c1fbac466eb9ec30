"""Reads openapi.yaml, the one place of wiring, and checks that it is complete and unambiguous."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gateway.function_environment import MAX_BYTES, size
from gateway.spec_form import (
    METHODS,
    Authorizer,
    Cors,
    FileForm,
    FunctionSettings,
    OperationForm,
    QueueTrigger,
    Schedule,
    WebSocketApi,
)

_PATH = re.compile(r"/\$default|/|(/([^{}/]+|\{[A-Za-z0-9_.-]+\}))*(/|/\{[A-Za-z0-9_.-]+\+\})?")


QUEUE_SECONDS = 14 * 60
"""Longest timeout of a function that Amazon MQ triggers (Lambda developer guide)."""


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
        return tuple(sorted(found | set(self.schedules)))

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
        content = yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 - it is a SafeLoader
    except Exception as error:  # PyYAML lets pass what the types of Python raise
        raise SpecError(f"{name}: no valid YAML: {error}") from error
    try:
        form = FileForm.model_validate(content)
    except ValidationError as error:
        raise SpecError(_complaints(name, _describe(error))) from None
    problems = list(_problems(form))
    if problems:
        raise SpecError(_complaints(name, problems))
    spec = _spec(form)
    unknown = sorted(set(spec.functions) - set(spec.addresses()))
    if unknown:
        raise SpecError(
            _complaints(name, [f"x-functions → {f}: nothing names it" for f in unknown])
        )
    return spec


class _UniqueKeys(yaml.CSafeLoader):
    """YAML that refuses a key given twice, where PyYAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if (key.tag, key.value) in seen:
                line = key.start_mark.line + 1
                raise yaml.constructor.ConstructorError(
                    None, None, f"line {line}: {key.value!r} is given twice"
                )
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _complaints(name: str, problems: list[str]) -> str:
    return "\n".join(f"{name}: {problem}" for problem in problems)


def _describe(error: ValidationError) -> list[str]:
    return [
        f"{' → '.join(str(part) for part in each['loc']) or 'the file'}: {each['msg']}"
        for each in error.errors()
    ]


def _operations(form: FileForm) -> Iterator[tuple[str, str, OperationForm]]:
    for path, item in form.paths.items():
        for method in (*METHODS, "any"):
            operation = getattr(item, method)
            if operation is not None:
                yield method.upper(), path, operation


def _problems(form: FileForm) -> Iterator[str]:
    shapes: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for method, path, operation in _operations(form):
        place = f"paths → {path} → {method.lower()}"
        if not _PATH.fullmatch(path):
            yield f"{place}: a path has whole segments {{name}}, and {{name+}} only at its end"
        shape = f"{method} {re.sub(r'{[^}+]*', '{', path)}"
        if shape in shapes:
            yield f"{place}: the same route as {shapes[shape]}"
        if operation.function in addresses:
            other = addresses[operation.function]
            yield f"{place}: operationId {operation.function} is taken by {other}"
        shapes.setdefault(shape, place)
        addresses.setdefault(operation.function, place)
        yield from (f"{place} → security: {each}" for each in _security_problems(form, operation))
    yield from _settings_problems(form)


def _settings_problems(form: FileForm) -> Iterator[str]:
    default = form.functions.get("default", FunctionSettings())
    for name, trigger in form.queues.items():
        settings = _on_top_of(default, form.functions.get(trigger.function, default))
        if settings.timeout_seconds > QUEUE_SECONDS:
            yield (
                f"x-queues → {name} → function: {trigger.function} has a timeout of more than "
                f"{QUEUE_SECONDS} seconds, which is most for a queue's function"
            )
    for address, settings in form.functions.items():
        if size(_on_top_of(default, settings).environment) > MAX_BYTES:
            yield (
                f"x-functions → {address} → environment: more than {MAX_BYTES} bytes "
                "with those under default"
            )


def _security_problems(form: FileForm, operation: OperationForm) -> Iterator[str]:
    names = _scheme_names(form, operation)
    if len(names) > 1:
        yield f"a route has one authorizer at most, not {', '.join(names)}"
    for name in names:
        scheme = form.components.security_schemes.get(name)
        if scheme is None:
            yield f"components → securitySchemes has no {name}"
        elif scheme.authorizer is None:
            yield f"components → securitySchemes → {name} has no x-authorizer"


def _scheme_names(form: FileForm, operation: OperationForm) -> list[str]:
    requirements = form.security if operation.security is None else operation.security
    return [name for requirement in requirements for name in requirement]


def _spec(form: FileForm) -> Spec:
    operations = []
    for method, path, operation in _operations(form):
        names = _scheme_names(form, operation)
        authorizer = form.components.security_schemes[names[0]].authorizer if names else None
        operations.append(Operation(method, path, operation.function, authorizer))
    functions = dict(form.functions)
    default = functions.pop("default", FunctionSettings())
    return Spec(
        tuple(operations),
        form.cors,
        form.websocket,
        form.queues,
        form.schedules,
        {address: _on_top_of(default, given) for address, given in functions.items()},
        default,
    )


def _on_top_of(default: FunctionSettings, given: FunctionSettings) -> FunctionSettings:
    """What is given, and the default's for the rest; the variables of both."""
    fields = {name: getattr(given, name) for name in given.model_fields_set}
    environment = {**default.environment, **given.environment}
    return default.model_copy(update={**fields, "environment": environment})
