"""The pages that the runner serves beside the API: the web folder, and Swagger UI at /docs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

_SECURITY = {
    "content-security-policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "cache-control": "no-cache",  # asks whether the file has changed
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
# Swagger UI sets styles on elements.
_SWAGGER_SECURITY = _SECURITY | {
    "content-security-policy": _SECURITY["content-security-policy"]
    + "; style-src 'self' 'unsafe-inline'"
}


class _Files(StaticFiles):
    """Static files with our headers."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_SECURITY)
        return response


def page_routes(web: Path, openapi: Path) -> list[BaseRoute]:
    """Routes for `/`, `/admin`, `/web/…`, `/docs` and `/openapi.yaml`."""

    def page(file: Path, headers: dict[str, str], **kwargs: Any) -> Any:
        return lambda _: FileResponse(file, headers=headers, **kwargs)

    return [
        Route("/", page(web / "index.html", _SECURITY)),
        Route("/admin", page(web / "admin.html", _SECURITY)),
        Route("/docs", page(web / "docs.html", _SWAGGER_SECURITY)),
        Route("/docs/", lambda _: RedirectResponse("/docs")),
        Route("/openapi.yaml", page(openapi, _SECURITY, media_type="application/yaml")),
        Route("/favicon.ico", page(web / "bell.svg", _SECURITY, media_type="image/svg+xml")),
        Mount("/docs/swagger", _Files(directory=swagger_ui_path)),
        Mount("/web", _Files(directory=web)),
    ]
