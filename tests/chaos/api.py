"""What a run asks Belfry's API for: inboxes, dead letters, traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tests.runner import bearer

PAGE = 100


@dataclass(frozen=True, slots=True)
class Inbox:
    """The whole of it, newest first."""

    items: Sequence[dict[str, Any]]
    unread: int


async def inbox_of(http: httpx.AsyncClient, url: str, token: str) -> Inbox:
    """Somebody's inbox, page by page. Raises httpx.HTTPError."""
    pages = await _pages(http, f"{url}/api/notifications", token)
    return Inbox([item for page in pages for item in page["items"]], pages[-1]["unreadCount"])


async def dead_letters(http: httpx.AsyncClient, url: str, admin: str) -> Sequence[dict[str, Any]]:
    """All of them. Raises httpx.HTTPError."""
    pages = await _pages(http, f"{url}/api/dead-letters", admin)
    return [item for page in pages for item in page["items"]]


async def trace(http: httpx.AsyncClient, url: str, admin: str, notification_id: str) -> str:
    """What is known of its way, as JSON. Raises httpx.HTTPError."""
    path = f"{url}/api/notifications/{notification_id}/trace"
    return (await http.get(path, headers=bearer(admin))).text


async def _pages(http: httpx.AsyncClient, address: str, token: str) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    parameters: dict[str, str | int] = {"limit": PAGE}
    while True:
        answer = await http.get(address, params=parameters, headers=bearer(token))
        pages.append(answer.raise_for_status().json())
        cursor = pages[-1]["nextCursor"]
        if cursor is None:
            return pages
        parameters["cursor"] = cursor
