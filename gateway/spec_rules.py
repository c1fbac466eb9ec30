"""What must hold of an openapi.yaml beyond the form of its parts."""

import re
from collections.abc import Iterator

from gateway.function_environment import MAX_BYTES, size
from gateway.spec_form import FileForm, OperationForm

_PATH = re.compile(r"/\$default|/|(/([^{}/]+|\{[A-Za-z0-9_.-]+\}))*(/|/\{[A-Za-z0-9_.-]+\+\})?")


QUEUE_SECONDS = 14 * 60
"""Longest timeout of a function that Amazon MQ triggers (Lambda developer guide)."""


def problems(form: FileForm) -> Iterator[str]:
    """Each with its place."""
    shapes: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for method, path, operation in form.operations():
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
    default = form.default_settings()
    for name, trigger in form.queues.items():
        settings = form.functions.get(trigger.function, default).on_top_of(default)
        if settings.timeout_seconds > QUEUE_SECONDS:
            yield (
                f"x-queues → {name} → function: {trigger.function} has a timeout of more than "
                f"{QUEUE_SECONDS} seconds, which is most for a queue's function"
            )
    for address, settings in form.functions.items():
        if size(settings.on_top_of(default).environment) > MAX_BYTES:
            yield (
                f"x-functions → {address} → environment: more than {MAX_BYTES} bytes "
                "with those under default"
            )


def _security_problems(form: FileForm, operation: OperationForm) -> Iterator[str]:
    names = form.schemes_of(operation)
    if len(names) > 1:
        yield f"a route has one authorizer at most, not {', '.join(names)}"
    for name in names:
        scheme = form.components.security_schemes.get(name)
        if scheme is None:
            yield f"components → securitySchemes has no {name}"
        elif scheme.authorizer is None:
            yield f"components → securitySchemes → {name} has no x-authorizer"
