"""What callers say of people."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    model_validator,
)

from belfry.inputs.form import Cursor, Input, Query, Text, Words


def _email(text: str) -> str:
    email = text.strip().lower()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or "@" in local or any(c.isspace() for c in email):
        raise ValueError("must be an e-mail address, such as ada@example.com")
    if not email.isprintable():
        raise ValueError("must not contain control characters")
    return email


class Registration(Input):
    """POST /api/register."""

    username: Annotated[str, Field(min_length=1, max_length=64), Words]
    email: Annotated[str, Field(min_length=3, max_length=254), Text, AfterValidator(_email)]
    password: Annotated[str, Field(min_length=8, max_length=128, repr=False), Text]

    @model_validator(mode="after")
    def _password_is_a_secret(self) -> Registration:
        known = {self.username.strip().lower(), self.email, self.email.partition("@")[0]}
        if self.password.strip().lower() in known:
            raise ValueError("/password: must not be the e-mail address or the name")
        return self


class Credentials(Input):
    """POST /api/login. The rules are loose, so that only the answer tells what is wrong."""

    email: Annotated[str, Field(min_length=1, max_length=254), Text]
    password: Annotated[str, Field(min_length=1, max_length=128, repr=False), Text]


class UsersQuery(Query):
    """GET /api/users."""

    search: Annotated[str, Field(min_length=1, max_length=254), Text] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), Cursor] | None = None


class OnlineQuery(Query):
    """GET /api/online."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), Cursor] | None = None
