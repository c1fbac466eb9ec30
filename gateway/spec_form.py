"""The form of an openapi.yaml, as pydantic models: only what the gateway and the runner read."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from gateway.function_environment import Environment

FunctionAddress = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
"""`service.endpoint`: the module functions/<service>/<endpoint>.py, its `handler`."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class _Part(BaseModel):
    """A part of our own: nothing unknown in it, no silent conversion."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True
    )


class _OpenApiPart(BaseModel):
    """A part of OpenAPI's: we read some of its fields."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


_Names = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^(\*|[!#$%&'+.^_`|~0-9A-Za-z-]+)$")], ...],
    Field(strict=False),
]


class Authorizer(_Part):
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


class WebSocketAuthorizer(_Part):
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


class WebSocketRoute(_Part):
    """What a message of this route invokes."""

    function: FunctionAddress
    route_response: bool = False
    """Whether the function's answer is sent to the client."""


class WebSocketApi(_Part):
    """The WebSocket API: served at /<stage>."""

    stage: str = Field(default="ws", pattern=r"^[A-Za-z0-9_-]{1,128}$")
    route_selection_expression: str = Field(
        default="$request.body.action", pattern=r"^\$request\.body(\.[A-Za-z0-9_-]+)+$"
    )
    authorizer: WebSocketAuthorizer | None = None
    """In the file either such an object or just the function's address."""
    routes: dict[
        Annotated[str, StringConstraints(pattern=r"^(\$connect|\$disconnect|\$default|[^$].*)$")],
        WebSocketRoute,
    ]

    @field_validator("authorizer", mode="before")
    @classmethod
    def _by_address(cls, given: Any) -> Any:
        return {"function": given} if isinstance(given, str) else given


class Cors(_Part):
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


class QueueTrigger(_Part):
    """A queue whose messages invoke a function in batches."""

    function: FunctionAddress
    batch_size: int = Field(default=100, ge=1, le=10_000)
    batching_window_seconds: float = Field(default=0.5, ge=0, le=300)


class Schedule(_Part):
    """How often a function is invoked by itself."""

    every_seconds: float = Field(gt=0)


class FunctionSettings(_Part):
    """What Lambda is told about a function."""

    timeout_seconds: float = Field(default=10, gt=0, le=900)
    memory_megabytes: int = Field(default=256, ge=128, le=10_240)
    concurrency: int | None = Field(default=None, ge=1)
    """How many invocations may run at once: Lambda's reserved concurrency."""
    environment: Environment = {}
    """Variables of its own, on top of those under `default`."""


class OperationForm(_OpenApiPart):
    """One HTTP call; `security` None means that the file's own applies."""

    function: FunctionAddress = Field(alias="operationId")
    security: list[dict[str, list[str]]] | None = None


class PathForm(BaseModel):
    """What stands under one path. Nothing unknown, so that a misspelt method is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    get: OperationForm | None = None
    put: OperationForm | None = None
    post: OperationForm | None = None
    delete: OperationForm | None = None
    options: OperationForm | None = None
    head: OperationForm | None = None
    patch: OperationForm | None = None
    trace: OperationForm | None = None
    any: OperationForm | None = Field(default=None, alias="x-amazon-apigateway-any-method")
    summary: Any = None
    description: Any = None
    parameters: Any = None
    servers: Any = None


class SecurityScheme(_OpenApiPart):
    """How callers identify themselves."""

    authorizer: Authorizer | None = Field(default=None, alias="x-authorizer")


class Components(_OpenApiPart):
    """Of OpenAPI's components, the security schemes."""

    security_schemes: dict[str, SecurityScheme] = Field(default={}, alias="securitySchemes")


class FileForm(BaseModel):
    """The whole file. The names at the top are OpenAPI's and ours, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openapi: Annotated[str, StringConstraints(pattern=r"^3\.0\.\d+$")]
    info: dict[str, Any]
    paths: dict[Annotated[str, StringConstraints(pattern=r"^/")], PathForm]
    components: Components = Components()
    security: list[dict[str, list[str]]] = []
    servers: Any = None
    tags: Any = None
    external_docs: Any = Field(default=None, alias="externalDocs")
    cors: Cors | None = Field(default=None, alias="x-amazon-apigateway-cors")
    websocket: WebSocketApi | None = Field(default=None, alias="x-websocket")
    queues: dict[str, QueueTrigger] = Field(default={}, alias="x-queues")
    schedules: dict[FunctionAddress, Schedule] = Field(default={}, alias="x-schedules")
    functions: dict[Literal["default"] | FunctionAddress, FunctionSettings] = Field(
        default={}, alias="x-functions"
    )
