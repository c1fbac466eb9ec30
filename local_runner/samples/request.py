"""A made-up request, in the form in which the gateway gets real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote, unquote

from gateway.asgi import Scope
from gateway.endpoint import Endpoint

ENDPOINT = Endpoint.parse("http://127.0.0.1:8080")
SOURCE_IP = "127.0.0.1"
USER_AGENT = "belfry-events/1.0"

_SAFE = "/%!$&'()*+,;=:@~"  # as it is in the request line; all else is encoded (RFC 3986, 3.3)


class SampleError(Exception):
    """Nothing would get such an event; the message says why, and what is nearest."""


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query, as they stand in the request line."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def scope(self, usual: Mapping[str, str]) -> Scope:
        """As the gateway gets it from its server; `usual` headers yield to those given.

        Raises:
            SampleError: it could not be sent.
        """
        path, _, query = self.target.partition("?")
        if not path.startswith("/"):
            raise SampleError(f"the path {path!r} must begin with /")
        names = {name.lower() for name, _ in self.headers}
        headers = [(name, value) for name, value in usual.items() if name not in names]
        return {
            "method": self.method.upper(),
            "path": unquote(path),
            "raw_path": quote(path, safe=_SAFE).encode(),
            "query_string": quote(query, safe=_SAFE + "?").encode(),
            "http_version": "1.1",
            "headers": [_header(name, value) for name, value in [*headers, *self.headers]],
            "client": (SOURCE_IP, 50_000),
        }


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    try:
        return name.lower().encode("ascii"), value.encode("latin-1")
    except UnicodeEncodeError:
        raise SampleError(f"the header {name!r} cannot be sent: {value!r}") from None


def unknown(name: str, names: Iterable[str], complaint: str) -> SampleError:
    """The complaint about a name that is none of these, with a hint at the nearest of them."""
    near = get_close_matches(name, list(names), n=1, cutoff=0.0)
    hint = f"the nearest is {near[0]}" if near else "there is none at all"
    return SampleError(f"{complaint} {name}; {hint}")
