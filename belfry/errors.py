"""Every error that Belfry raises on purpose.

    BelfryError
    ├── InvalidInput 400         a field is malformed; `errors` name it
    ├── WrongCredentials 401     e-mail address or password
    ├── TokenExpired 401         the authorizer's cached answer outlived its token
    ├── InvalidToken 401         not a token of ours
    ├── Forbidden 403            the role does not allow it
    ├── NotFound 404             no such thing, or somebody else's
    ├── EmailTaken 409
    ├── AdministratorStays 409   who has the role cannot delete the account
    ├── StillInProgress 409      the first request with an idempotency key  (temporary)
    ├── TooLarge 413
    ├── UnknownRecipient 422
    ├── KeyReused 422            an idempotency key of another request
    ├── RotationRefused          a step in changing a key that is not due
    ├── Unreadable               a queue message that nobody can make sense of
    └── Unavailable 503          a part is down for the moment  (temporary)
        ├── StoreUnavailable     MongoDB
        ├── QueueUnavailable     the queue
        └── SecretsUnavailable   the secrets that settings name

    ConfigurationError           a wrong or missing setting; stops the start

Whether to try again is asked of the error: `temporary`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field. `pointer` is a JSON pointer (RFC 6901) or a parameter's name."""

    pointer: str
    detail: str


class BelfryError(Exception):
    """The root. A subclass carries its problem type, title and HTTP status (RFC 9457)."""

    type: ClassVar[str] = "error"
    title: ClassVar[str] = "Error"
    status: ClassVar[int] = 500
    temporary: ClassVar[bool] = False
    retry_after: ClassVar[int] = 2
    """Seconds after which to try again, if the error is temporary."""

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class InvalidInput(BelfryError):
    type, title, status = "invalid-input", "Invalid input", 400

    @classmethod
    def field(cls, pointer: str, detail: str) -> InvalidInput:
        """The error of a single field."""
        name = pointer.removeprefix("/") or "body"
        return cls(f"{name}: {detail}", (FieldError(pointer, detail),))


class WrongCredentials(BelfryError):
    type, title, status = "wrong-credentials", "Wrong credentials", 401


class TokenExpired(BelfryError):
    type, title, status = "token-expired", "Token expired", 401


class InvalidToken(BelfryError):
    type, title, status = "invalid-token", "Invalid token", 401


class Forbidden(BelfryError):
    type, title, status = "forbidden", "Forbidden", 403


class NotFound(BelfryError):
    type, title, status = "not-found", "Not found", 404


class EmailTaken(BelfryError):
    type, title, status = "email-taken", "E-mail address taken", 409


class AdministratorStays(BelfryError):
    type, title, status = "administrator-stays", "Administrators stay", 409


class StillInProgress(BelfryError):
    type, title, status = "still-in-progress", "Still in progress", 409
    temporary, retry_after = True, 1


class TooLarge(BelfryError):
    type, title, status = "too-large", "Too large", 413


class UnknownRecipient(BelfryError):
    type, title, status = "unknown-recipient", "Unknown recipient", 422


class KeyReused(BelfryError):
    type, title, status = "key-reused", "Idempotency key reused", 422


class RotationRefused(BelfryError):
    type, title = "rotation-refused", "Not the next step"


class Unreadable(BelfryError):
    type, title = "unreadable", "Unreadable message"


class Unavailable(BelfryError):
    """A part is down for the moment."""

    type, title, status, temporary = "unavailable", "Temporarily unavailable", 503, True


class StoreUnavailable(Unavailable):
    pass


class QueueUnavailable(Unavailable):
    pass


class SecretsUnavailable(Unavailable):
    pass


class ConfigurationError(Exception):
    """A setting is missing or wrong. The message names the environment variable."""
