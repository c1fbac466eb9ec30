"""The calls that the parts of the client are made of: one answer, or page after page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from belfry.client.errors import Unreachable
from belfry.client.http import Http, Json
from belfry.client.wire import read, write

T = TypeVar("T")

PAGE = 100


class Calls:
    """What every part of the client can do."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Json:
        """Any call of the API that has no method of its own: the answer's JSON.

            belfry.request("GET", "/api/dead-letters", query={"reason": "push-failed"})

        Raises Unreachable and Problem.
        """
        if method == "POST":
            return self._http.post(path, dict(body or {}))
        content: Json = {"fields": dict(query)} if query else {}
        if body is not None:
            content = {"json": dict(body)}
        return self._http.call(method, path, **content)

    def _read(self, kind: type[T], answer: Mapping[str, Any]) -> T:
        try:
            return read(kind, answer)
        except ValueError as error:
            raise Unreachable(
                f"{self._http.url} answers what is no {kind.__name__} ({error})."
            ) from None

    def _pages(self, kind: type[T], path: str, query: Mapping[str, str]) -> Iterator[T]:
        """All items of a list, page after page."""
        cursor: str | None = None
        while True:
            place = {} if cursor is None else {"cursor": cursor}
            page = self.request("GET", path, query={"limit": str(PAGE), **query, **place})
            yield from (self._read(kind, item) for item in page["items"])
            cursor = page["nextCursor"]
            if cursor is None:
                return


def place(path: str, *names: str) -> str:
    """A path with names in it, whatever they hold: `place("/api/topics/{}", topic)`."""
    return path.format(*(quote(name, safe="") for name in names))


def query_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What is given, as the parameters of an address."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in write(values).items()
    }
