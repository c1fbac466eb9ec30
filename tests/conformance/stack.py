"""A served stack as a test sees it: an HTTP API and a WebSocket API, from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import boto3
import httpx
from websockets.sync.client import ClientConnection, connect

WAIT = 20.0
"""Seconds until a test gives up; a cold start on a busy machine takes several."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a test has to wait for. The defaults are AWS's."""

    integration: float = 30.0
    websocket_integration: float = 29.0
    authorizer: float = 10.0
    idle: float = 600.0
    connection: float = 7200.0


@dataclass(frozen=True, slots=True)
class Stack:
    """Where it is. `credentials` sign the calls of @connections; None takes those of boto3."""

    http_url: str
    websocket_url: str
    limits: Limits
    credentials: tuple[str, str] | None
    http: httpx.Client

    def act(self, order: dict[str, Any], path: str = "/act") -> httpx.Response:
        """Have a function do something: see projects/full/functions/acts.py."""
        return self.http.post(path, json=order)

    def echo(self, target: str, method: str = "GET", **options: Any) -> dict[str, Any]:
        """The event that a request becomes."""
        response = self.http.request(method, target, **options)
        assert response.status_code == 200, response.text
        event: dict[str, Any] = response.json()
        return event

    def address(self, order: dict[str, Any] | None, **query: Any) -> str:
        """Of the WebSocket API: `order` is for the authorizer, None leaves the token out."""
        if order is not None:
            query = {"token": order, **query}
        texts = {
            name: value if isinstance(value, str | list) else json.dumps(value)
            for name, value in query.items()
        }
        return (
            f"{self.websocket_url}?{urlencode(texts, doseq=True)}" if texts else self.websocket_url
        )

    def socket(
        self,
        order: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
        **options: Any,
    ) -> ClientConnection:
        """An open connection. `options` go to `websockets.sync.client.connect`."""
        address = self.address(order, **(query or {}))
        opened: ClientConnection = connect(address, open_timeout=WAIT, max_size=None, **options)
        return opened

    def connections(self, **options: Any) -> Any:
        """A boto3 client of @connections. `options` replace the credentials or the address."""
        parts = urlsplit(self.websocket_url)
        scheme = {"ws": "http", "wss": "https"}[parts.scheme]
        given: dict[str, Any] = {"endpoint_url": urlunsplit(parts._replace(scheme=scheme))}
        if self.credentials is not None:
            key, secret = self.credentials
            given |= {"aws_access_key_id": key, "aws_secret_access_key": secret}
            given |= {"region_name": "us-east-1"}
        return boto3.client("apigatewaymanagementapi", **(given | options))


def eventually(condition: Callable[[], bool]) -> None:
    """Look again and again until it holds; fail after a while."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
