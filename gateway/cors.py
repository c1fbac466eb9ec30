"""What browsers of other origins get from an HTTP API.

API Gateway developer guide, "Configure CORS for HTTP APIs": the gateway answers preflight requests
itself, and its headers replace those of functions.
"""

from gateway import assumptions
from gateway.asgi import RawHeaders, Scope
from gateway.cors_form import Cors
from gateway.responses import HttpAnswer

_OURS = b"access-control-"
_ASKED = b"access-control-request-method"
_ANY = {"*": "", "https://*": "https://", "http://*": "http://"}


class CorsPolicy:
    """A CORS configuration, applied to requests and answers."""

    def __init__(self, form: Cors) -> None:
        self._origins = frozenset(form.allow_origins)
        self._prefixes = tuple(_ANY[origin] for origin in form.allow_origins if origin in _ANY)
        self._always = _headers(
            allow_credentials="true" if form.allow_credentials else "",
            expose_headers=",".join(form.expose_headers),
        )
        self._preflight = _headers(
            allow_methods=",".join(form.allow_methods),
            allow_headers=",".join(form.allow_headers),
            max_age="" if form.max_age is None else str(form.max_age),
        )

    def preflight(self, scope: Scope) -> HttpAnswer | None:
        """The answer to a preflight request, not yet `dressed`; None when the request is none."""
        if scope["method"] != "OPTIONS" or not _header(scope, _ASKED):
            return None
        if not _header(scope, b"origin"):
            return None
        headers = self._preflight if self._allowed(scope) else []
        return HttpAnswer(assumptions.PREFLIGHT_STATUS, headers, b"")

    def stripped(self, answer: HttpAnswer) -> HttpAnswer:
        """A function's answer without its own CORS headers."""
        kept = [header for header in answer.headers if not header[0].startswith(_OURS)]
        return HttpAnswer(answer.status, kept, answer.body)

    def dressed(self, scope: Scope, answer: HttpAnswer) -> HttpAnswer:
        """Any answer with what a browser of an allowed origin needs to read it.

        OPTIONS gets that only as a preflight request, with the header that makes it one.
        """
        origin = self._allowed(scope)
        if not origin or (scope["method"] == "OPTIONS" and not _header(scope, _ASKED)):
            return answer
        allow_origin = (b"access-control-allow-origin", origin.encode("latin-1"))
        headers = [*answer.headers, allow_origin, *self._always]
        return HttpAnswer(answer.status, headers, answer.body)

    def _allowed(self, scope: Scope) -> str:
        """What the request's origin is told to be allowed; "" when it is not."""
        origin = _header(scope, b"origin")
        if "*" in self._origins:
            return origin and "*"
        return origin if origin in self._origins or origin.startswith(self._prefixes) else ""


def _headers(**values: str) -> RawHeaders:
    return [
        (_OURS + name.replace("_", "-").encode("ascii"), value.encode("latin-1"))
        for name, value in values.items()
        if value
    ]


def _header(scope: Scope, name: bytes) -> str:
    headers: RawHeaders = scope["headers"]
    return next((value.decode("latin-1") for each, value in headers if each == name), "")
