"""The edge of a rotation function: what AWS Secrets Manager asks for, checked.

Shape: AWS Secrets Manager user guide, "Rotation by Lambda function".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from belfry.errors import InvalidInput


class RotationStep(NamedTuple):
    """A step, the ARN of the secret that it is about, and the id of the secret's new version."""

    step: str
    secret: str
    version: str


def step_of(event: Mapping[str, Any]) -> RotationStep:
    """Raises InvalidInput, which names the field."""
    return RotationStep(*(_text(event, n) for n in ("Step", "SecretId", "ClientRequestToken")))


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput.field(f"/{name}", "a text is required")
    return value
