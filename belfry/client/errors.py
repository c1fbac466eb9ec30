"""What a call can end with.

    ClientError
    ├── Unreachable    nobody answers at the address, or it is not Belfry who does
    └── Problem        Belfry says no, and why: by an RFC 9457 problem, or as its gateway does

Both come after the retries: what they say is no passing trouble, or one that lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field. `pointer` is a JSON pointer (RFC 6901) or a parameter's name."""

    pointer: str
    detail: str


class ClientError(Exception):
    """The root."""


class Unreachable(ClientError):
    """Nobody answers at the address, or it is not Belfry who does."""


class Problem(ClientError):
    """Belfry says no.

    `status` is the HTTP status, `type` the kind of the problem without its prefix, such as
    `unknown-recipient` (empty when the gateway answered itself), `detail` a sentence for people,
    `errors` name each wrong field, and `answer` is all that was answered.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        type_: str = "",
        errors: tuple[FieldError, ...] = (),
        answer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.type = type_
        self.errors = errors
        self.answer = answer or {}

    @classmethod
    def from_answer(cls, status: int, answer: Mapping[str, Any]) -> Problem:
        """The problem that an answer with a status from 400 on tells of."""
        detail = answer.get("detail") or answer.get("message") or f"The answer was {status}."
        errors = tuple(
            FieldError(str(error.get("pointer", "")), str(error.get("detail", "")))
            for error in answer.get("errors", ())
        )
        type_ = str(answer.get("type", "")).rpartition(":")[2]
        return cls(status, str(detail), type_, errors, answer)
