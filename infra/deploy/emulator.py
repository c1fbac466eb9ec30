"""Deploying to an emulator of AWS: chalice's own deployment, and the routes of the HTTP API.

moto's CloudFormation knows neither the Serverless Application Model, nor WebSocket APIs, nor Amazon
MQ, so the template cannot be deployed there. What can be is: every function with its name,
handler and variables, and what API Gateway makes of openapi.yaml.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localstack_client.session import Session

from gateway.spec import load_spec
from infra.deploy.aws import Aws, DeployError, signed_in, stack_name, told
from infra.package import CHALICE
from infra.package import STAGE as PACKAGED
from infra.template.http_api import definition
from infra.template.names import chalice_name
from infra.template.role import trust

NOT_DONE = (
    "No function runs: the emulator keeps their code, and calls none of them.",
    "No request arrives: there are routes, but no authorizers, no WebSocket API, no pages.",
    "No queue, event source mapping or schedule: there is no Amazon MQ.",
    "No right is checked: all functions share one role that may do nothing.",
    "No stack: nothing was compared, and nothing would be taken back.",
)
"""What nobody may conclude from a deployment to an emulator."""

CONFIG = Path(".chalice", "config.json")

# Its lines come as it says them, and nothing is added to the project.
PYTHON = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


class Emulator:
    """An emulator of AWS that answers at `host`, such as 127.0.0.1:5055.

    AWS_ENDPOINT_URL wins over that (localstack-client, "Configurations").
    """

    def __init__(self, host: str, region: str = "us-east-1") -> None:
        """Raises DeployError when nothing answers."""
        self.url = os.environ.get("AWS_ENDPOINT_URL") or f"http://{host}"
        try:
            self.aws: Aws = signed_in(Session(localstack_host=host, region_name=region), region)
        except DeployError as error:
            raise DeployError(
                f"No emulator of AWS answers at {self.url}. `docker compose up aws` starts one; "
                "AWS_ENDPOINT_URL names another."
            ) from error

    def wanted(self, project: Path) -> int:
        """How many functions the project has. Raises DeployError when it is none of chalice."""
        return len(_config(project)["stages"][PACKAGED]["lambda_functions"])

    def deploy(self, project: Path, stage: str) -> Iterator[str]:
        """Deploy what chalice packaged in this folder; tells each line that chalice says.

        Raises DeployError when the folder is no project of chalice, or the deployment fails.
        """
        self._configure(project, stage)
        yield from _chalice(project, stage, self._environment())
        wanted = definition(load_spec(project / "openapi.yaml"))
        wanted["info"]["title"] = stack_name(stage)
        with told():
            api = self._api(stage) or self._make_api(stage)
            client = self.aws.client("apigatewayv2")
            client.reimport_api(ApiId=api, Body=json.dumps(wanted))
        self.compare(project, stage)

    def compare(self, project: Path, stage: str) -> None:
        """Read back what was deployed. Raises DeployError where it is not what was meant."""
        spec = load_spec(project / "openapi.yaml")
        functions = {
            f"{stack_name(stage)}-{chalice_name(each)}": f"functions.{each}.handler"
            for each in spec.addresses()
        }
        routes = {f"{each.method} {each.path}" for each in spec.operations}
        there = self.functions(stage)
        wrong = [name for name, handler in functions.items() if there.get(name) != handler]
        missing = wrong + sorted(routes ^ self.routes(stage))
        if missing:
            raise DeployError(f"The emulator has something else: {', '.join(missing)}.")

    def functions(self, stage: str) -> Mapping[str, str]:
        """The name of each function that is there, and its handler."""
        with told():
            pages = self.aws.client("lambda").get_paginator("list_functions").paginate()
            found = [function for page in pages for function in page["Functions"]]
        prefix = f"{stack_name(stage)}-"
        return {
            each["FunctionName"]: each["Handler"]
            for each in found
            if each["FunctionName"].startswith(prefix)
        }

    def routes(self, stage: str) -> set[str]:
        """Each route that is there, such as `GET /api/me`."""
        api = self._api(stage)
        if api is None:
            return set()
        with told():
            pages = self.aws.client("apigatewayv2").get_paginator("get_routes").paginate(ApiId=api)
            return {route["RouteKey"] for page in pages for route in page["Items"]}

    def destroy(self, stage: str) -> int:
        """Remove what was deployed; answers how many functions that were."""
        functions, api = self.functions(stage), self._api(stage)
        with told():
            for name in functions:
                self.aws.client("lambda").delete_function(FunctionName=name)
            if api:
                self.aws.client("apigatewayv2").delete_api(ApiId=api)
            self._delete_role(stage)
        return len(functions)

    def _configure(self, project: Path, stage: str) -> None:
        """Give chalice's project this stage: the functions as they were packaged, and a role."""
        config = _config(project)
        packaged = config["stages"][PACKAGED]
        variables = {"environment_variables": {"STAGE": stage}}
        config["stages"][stage] = {**packaged, **variables, "iam_role_arn": self._role(stage)}
        (project / CONFIG).write_text(json.dumps(config, indent=2))

    def _environment(self) -> Mapping[str, str]:
        credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        region = {"AWS_DEFAULT_REGION": self.aws.region, "AWS_ENDPOINT_URL": self.url}
        return {**os.environ, **credentials, **region, **PYTHON}

    def _role(self, stage: str) -> str:
        """A role that exists: chalice would wait minutes for one that does not."""
        iam = self.aws.client("iam")
        with told():
            try:
                found = iam.get_role(RoleName=stack_name(stage))
            except iam.exceptions.NoSuchEntityException:
                policy = json.dumps(trust("lambda.amazonaws.com"))
                found = iam.create_role(RoleName=stack_name(stage), AssumeRolePolicyDocument=policy)
        arn: str = found["Role"]["Arn"]
        return arn

    def _delete_role(self, stage: str) -> None:
        iam = self.aws.client("iam")
        try:
            iam.delete_role(RoleName=stack_name(stage))
        except iam.exceptions.NoSuchEntityException:
            return

    def _api(self, stage: str) -> str | None:
        with told():
            apis: list[dict[str, Any]] = self.aws.client("apigatewayv2").get_apis()["Items"]
        return next((each["ApiId"] for each in apis if each["Name"] == stack_name(stage)), None)

    def _make_api(self, stage: str) -> str:
        client = self.aws.client("apigatewayv2")
        made: str = client.create_api(Name=stack_name(stage), ProtocolType="HTTP")["ApiId"]
        return made


def of_function(line: str) -> bool:
    """Whether chalice says in this line that it deploys a function."""
    return line.startswith(("Creating lambda function", "Updating lambda function"))


def _config(project: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((project / CONFIG).read_text())
    except FileNotFoundError:
        raise DeployError(f"{project} is no project of chalice. `make package` makes it.") from None
    return found


def _chalice(project: Path, stage: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Run `chalice deploy`. Raises DeployError with the last thing it says when it fails."""
    command = [*CHALICE, "deploy", f"--stage={stage}"]
    with subprocess.Popen(  # noqa: S603  # our own arguments
        command,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line.strip())
            yield line.rstrip()
    if process.returncode:
        last = next(filter(None, reversed(said)), f"it ended with {process.returncode}")
        raise DeployError(f"chalice could not deploy: {last}")
