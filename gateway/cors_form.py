"""The form of a CORS configuration."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from gateway.form_parts import Part

_Names = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^(\*|[!#$%&'+.^_`|~0-9A-Za-z-]+)$")], ...],
    Field(strict=False),
]


class Cors(Part):
    """`x-amazon-apigateway-cors`: the gateway answers browsers of other origins by itself."""

    allow_origins: tuple[
        Annotated[str, StringConstraints(pattern=r"^(\*|https?://(\*|[^\s/*?#@]+))$")], ...
    ] = Field(default=(), strict=False)
    """`*`, `https://*`, `http://*`, or an origin such as `https://www.example.com`."""
    allow_methods: _Names = ()
    allow_headers: _Names = ()
    expose_headers: _Names = ()
    allow_credentials: bool = False
    max_age: int | None = Field(default=None, ge=-1, le=86_400)
    """Seconds for which a browser may keep the answer; -1: it may not."""

    @model_validator(mode="after")
    def _credentials_need_an_origin(self) -> Self:
        if self.allow_credentials and "*" in self.allow_origins:
            raise ValueError("allowCredentials does not go with * in allowOrigins")
        return self
