"""moto's server for tests: AWS's own API in this process, and what leads to it."""

from __future__ import annotations

import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from infra.deploy.aws import Aws, signed_in

REGION = "eu-central-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Emulator:
    """The server, and what leads to it."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.environment: dict[str, str | None] = {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PROFILE": None,
            "AWS_SESSION_TOKEN": None,
            "AWS_PORT": None,
        }
        self.aws = self.aws_in(REGION)

    def client(self, name: str) -> Any:
        return self.aws.client(name)

    def aws_in(self, region: str) -> Aws:
        return signed_in(_Clients(self.url, region), region)

    def forget(self) -> None:
        """Nothing is there any more."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request).close()

    def stop(self) -> None:
        self._server.stop()


class _Clients:
    """Clients that all reach one address."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._session = boto3.Session("testing", "testing", region_name=region)

    def client(self, name: str, *, config: Config) -> Any:
        return self._session.client(name, endpoint_url=self._url, config=config)
