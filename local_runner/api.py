"""The calls to the HTTP API that the `belfry` command makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import urllib3

from belfry.errors import BelfryError, Unavailable

TIMEOUT_SECONDS = 10.0


def post_notification(url: str, token: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """POST /api/notifications; fields that are None are left out.

    Raises Unavailable when nobody answers, BelfryError with the problem's words otherwise.
    """
    try:
        response = urllib3.request(
            "POST",
            f"{url}/api/notifications",
            json={name: value for name, value in fields.items() if value is not None},
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            retries=False,
        )
    except urllib3.exceptions.HTTPError:
        raise Unavailable(f"{url} does not answer.") from None
    try:
        answer: dict[str, Any] = dict(response.json())
    except ValueError:
        raise BelfryError(f"Another program answers at {url}.") from None
    if response.status != 201:
        raise BelfryError(str(answer.get("detail") or answer.get("message")))
    return answer
