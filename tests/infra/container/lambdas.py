"""Lambda as moto has it: every invocation is a new container that holds the packaged zip."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from gateway.spec import Spec
from infra.package import Package
from infra.template.names import chalice_name
from tests.infra.container.image import PYTHON, gateway
from tests.infra.variables import variables
from tests.runner import free_port

BUCKET, KEY = "artifacts", "deployment.zip"
READY_SECONDS = 30.0


class FunctionError(Exception):
    """What the function raised, as Lambda tells it."""


class Lambdas:
    """The functions of a package. `values` are the template's parameters and names."""

    def __init__(self, url: str, package: Package, spec: Spec, database: str) -> None:
        self._url = url
        self._package = package
        self._spec = spec
        self._more = {"MONGODB_DATABASE": database}
        self._made: set[str] = set()
        self.values: dict[str, str] = {"Stage": "test"}
        self._lambda = self._client("lambda")
        role = self._client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        self._role = role["Role"]["Arn"]
        s3 = self._client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=package.zip.read_bytes())

    def add_secret(self, logical_id: str, text: str) -> None:
        """Make a secret of the template."""
        made = self._client("secretsmanager").create_secret(Name=logical_id, SecretString=text)
        self.values[logical_id] = made["ARN"]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run it in a container of its own, and answer what it answers. Raises FunctionError."""
        if function not in self._made:
            self._make(function)
        answer = self._lambda.invoke(FunctionName=_name(function), Payload=json.dumps(event))
        said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionError(f"{function}: {said['errorType']}: {said['errorMessage']}")
        return said

    def _make(self, function: str) -> None:
        settings = self._spec.settings(function)
        self._lambda.create_function(
            FunctionName=_name(function),
            Runtime=f"python{PYTHON}",
            Architectures=[self._package.architecture.lambda_name],
            Role=self._role,
            Handler=f"functions.{function}.handler",
            Code={"S3Bucket": BUCKET, "S3Key": KEY},
            Timeout=int(settings.timeout_seconds),
            MemorySize=settings.memory_megabytes,
            Environment={"Variables": {**variables(function, self.values), **self._more}},
        )
        self._made.add(function)

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
        )


def _name(function: str) -> str:
    return f"belfry-test-{chalice_name(function)}"


@contextmanager
def moto(image: str) -> Iterator[str]:
    """A server of moto where containers reach it. They share this machine's network."""
    host, port = gateway(), free_port()
    environment = {
        **os.environ,
        "MOTO_PORT": str(port),
        "MOTO_DOCKER_LAMBDA_IMAGE": image,
        "MOTO_DOCKER_NETWORK_MODE": "host",
    }
    command = [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(host, port, process)
            yield f"http://{host}:{port}"
        finally:
            process.terminate()


def _wait_for(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"moto does not listen on {host}:{port}")
