"""The calls to the HTTP API that the `belfry` command makes.

Each raises Unavailable when nobody answers, and BelfryError with the problem's words otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import urllib3

from belfry.errors import BelfryError, Unavailable

TIMEOUT_SECONDS = 10.0

Json = dict[str, Any]


def post_notification(url: str, token: str, fields: Mapping[str, Any]) -> Json:
    """POST /api/notifications; fields that are None are left out."""
    body = {name: value for name, value in fields.items() if value is not None}
    return _ask("POST", url, "/api/notifications", token, expected=201, json=body)


def get_trace(url: str, token: str, notification_id: str) -> Json:
    """GET /api/notifications/{id}/trace."""
    path = f"/api/notifications/{quote(notification_id, safe='')}/trace"
    return _ask("GET", url, path, token, expected=200)


def _ask(method: str, url: str, path: str, token: str, *, expected: int, **more: Any) -> Json:
    try:
        response = urllib3.request(
            method,
            url + path,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            retries=False,
            **more,
        )
    except urllib3.exceptions.HTTPError:
        raise Unavailable(f"{url} does not answer.") from None
    try:
        answer: Json = dict(response.json())
    except ValueError:
        raise BelfryError(f"Another program answers at {url}.") from None
    if response.status != expected:
        raise BelfryError(str(answer.get("detail") or answer.get("message")))
    return answer
