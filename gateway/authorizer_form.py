"""The forms of authorizers, of an HTTP API and of a WebSocket API."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from gateway.form_parts import FunctionAddress, Part


class Authorizer(Part):
    """`x-authorizer` of a security scheme: a function asked before the operation's own."""

    function: FunctionAddress
    identity_source: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(pattern=r"^\$request\.(header|querystring)\.[A-Za-z0-9_.-]+$"),
            ],
            ...,
        ],
        Field(strict=False),
    ] = ("$request.header.Authorization",)
    result_ttl_seconds: int = Field(default=300, ge=0, le=3600)
    """How long its answer counts for the same identity."""

    @model_validator(mode="after")
    def _keeping_needs_an_identity(self) -> Self:
        if self.result_ttl_seconds and not self.identity_source:
            raise ValueError("without an identitySource, resultTtlSeconds must be 0")
        return self


class WebSocketAuthorizer(Part):
    """Asked before `$connect`; without its identity sources a client is refused unasked."""

    function: FunctionAddress
    identity_source: Annotated[
        tuple[
            Annotated[
                str,
                StringConstraints(
                    pattern=r"^route\.request\.(header|querystring)\.[A-Za-z0-9_.-]+$"
                ),
            ],
            ...,
        ],
        Field(strict=False),
    ] = ()
