"""The form of an openapi.yaml, as pydantic models: only what the gateway and the runner read."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from gateway.authorizer_form import Authorizer, WebSocketAuthorizer
from gateway.cors_form import Cors
from gateway.form_parts import FunctionAddress, OpenApiPart, Part
from gateway.function_environment import Environment

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class WebSocketRoute(Part):
    """What a message of this route invokes."""

    function: FunctionAddress
    route_response: bool = False
    """Whether the function's answer is sent to the client."""


class WebSocketApi(Part):
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


class QueueTrigger(Part):
    """A queue whose messages invoke a function in batches."""

    function: FunctionAddress
    batch_size: int = Field(default=100, ge=1, le=10_000)
    batching_window_seconds: float = Field(default=0.5, ge=0, le=300)


class Schedule(Part):
    """How often a function is invoked by itself."""

    every_seconds: float = Field(gt=0, allow_inf_nan=False)


class Rotation(Part):
    """How often a function replaces a secret by a new one."""

    function: FunctionAddress
    every_days: int = Field(ge=1, le=1000)


class Deployment(Part):
    """Functions that only a deployment calls: a runner on one machine has no use for them.

    `prepare` is run before anything else of a new version, `rotations` are by the secret's name.
    """

    prepare: FunctionAddress | None = None
    rotations: dict[str, Rotation] = Field(default={})
    schedules: dict[FunctionAddress, Schedule] = Field(default={})

    def addresses(self) -> set[str]:
        """The functions."""
        rotating = {rotation.function for rotation in self.rotations.values()}
        return rotating | set(self.schedules) | ({self.prepare} if self.prepare else set())


class FunctionSettings(Part):
    """What Lambda is told about a function."""

    timeout_seconds: float = Field(default=10, gt=0, le=900)
    memory_megabytes: int = Field(default=256, ge=128, le=10_240)
    concurrency: int | None = Field(default=None, ge=1)
    """How many invocations may run at once: Lambda's reserved concurrency."""
    environment: Environment = Field(default={})
    """Variables of its own, on top of those under `default`."""

    def on_top_of(self, default: "FunctionSettings") -> "FunctionSettings":
        """What is given here, and the default's for the rest; the variables of both."""
        fields = {name: getattr(self, name) for name in self.model_fields_set}
        environment = {**default.environment, **self.environment}
        return default.model_copy(update={**fields, "environment": environment})


class OperationForm(OpenApiPart):
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


class SecurityScheme(OpenApiPart):
    """How callers identify themselves."""

    authorizer: Authorizer | None = Field(default=None, alias="x-authorizer")


class Components(OpenApiPart):
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
    deployment: Deployment = Field(default=Deployment(), alias="x-deployment")
    functions: dict[Literal["default"] | FunctionAddress, FunctionSettings] = Field(
        default={}, alias="x-functions"
    )

    def operations(self) -> Iterator[tuple[str, str, OperationForm]]:
        """Each with its method, in upper case or ANY, and its path."""
        for path, item in self.paths.items():
            for method in (*METHODS, "any"):
                operation = getattr(item, method)
                if operation is not None:
                    yield method.upper(), path, operation

    def schemes_of(self, operation: OperationForm) -> list[str]:
        """The names of the operation's security schemes."""
        requirements = self.security if operation.security is None else operation.security
        return [name for requirement in requirements for name in requirement]

    def default_settings(self) -> FunctionSettings:
        """What functions have that say nothing else."""
        return self.functions.get("default", FunctionSettings())
