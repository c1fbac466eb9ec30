"""openapi.yaml, and whether a value is as it declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import yaml
from openapi_schema_validator import OAS30Validator

ROOT = Path(__file__).parent.parent
SPEC: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch"}


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation, by path and method."""
    return {
        (path, method): operation
        for path, item in SPEC["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, where `$ref` only says where it stands."""
    while "$ref" in part:
        place: Any = SPEC
        for name in part["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        part = place
    return part


def validate(schema: dict[str, Any], value: Any) -> None:
    """Raises jsonschema's ValidationError."""
    OAS30Validator({**schema, "components": SPEC["components"]}).validate(value)


def as_declared(response: httpx.Response, path: str) -> Any:
    """The body, which is as declared for this path, method, status and content type."""
    operation = SPEC["paths"][path][response.request.method.lower()]
    declared = resolved(operation["responses"][str(response.status_code)])
    body = response.json()
    validate(declared["content"][response.headers["content-type"]]["schema"], body)
    return body
