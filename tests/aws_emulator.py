"""moto's server in this process, in the place of AWS, and boto3's clients for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "AKID", "aws_secret_access_key": "hidden-key"}


@contextmanager
def aws_emulator() -> Iterator[str]:
    """Its address. What is in it is shared by all servers of this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


def client(url: str, service: str, region: str = REGION) -> Any:
    """boto3's, for that server."""
    return boto3.client(service, endpoint_url=url, region_name=region, **KEYS)
