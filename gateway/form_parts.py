"""What the forms of an openapi.yaml's parts have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

FunctionAddress = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""`service.endpoint`: the module functions/<service>/<endpoint>.py, its `handler`."""


class Part(BaseModel):
    """A part of our own: nothing unknown in it, no silent conversion."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True
    )


class OpenApiPart(BaseModel):
    """A part of OpenAPI's: we read some of its fields."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
