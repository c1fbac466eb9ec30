"""moto's server for tests: AWS's own API in this process, and what leads to it."""

from __future__ import annotations

import urllib.request
from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config

from infra.deploy.aws import Aws, signed_in
from tests.aws_emulator import REGION, aws_emulator

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Emulator:
    """The server, and what leads to it."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self.url = self._running.enter_context(aws_emulator())
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

    def distribution(self) -> str:
        """Make one of CloudFront; answers its id."""
        origin = {
            "Id": "pages",
            "DomainName": "pages.s3.eu-central-1.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
        behaviour = {
            "TargetOriginId": "pages",
            "ViewerProtocolPolicy": "https-only",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        }
        config = {
            "CallerReference": "1",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
        }
        made = self.client("cloudfront").create_distribution(DistributionConfig=config)
        return str(made["Distribution"]["Id"])

    def invalidated(self, distribution: str) -> list[list[str]]:
        """The paths of each invalidation that was asked for."""
        client = self.client("cloudfront")
        found = client.list_invalidations(DistributionId=distribution)["InvalidationList"]
        each = (
            client.get_invalidation(DistributionId=distribution, Id=one["Id"])["Invalidation"]
            for one in found.get("Items", [])
        )
        return [one["InvalidationBatch"]["Paths"]["Items"] for one in each]

    def stop(self) -> None:
        self._running.close()


class _Clients:
    """Clients that all reach one address."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._session = boto3.Session("testing", "testing", region_name=region)

    def client(self, name: str, *, config: Config) -> Any:
        return self._session.client(name, endpoint_url=self._url, config=config)
