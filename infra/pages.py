"""What `belfry deploy` uploads for the pages, and the headers that they are served with.

The keys are the addresses without their first slash; which file is behind `/`, `/admin` and `/docs`
is told by a function of the distribution, `infra/template/pages.js`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from swagger_ui_bundle import swagger_ui_path

CONTENT_SECURITY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
DOCS_CONTENT_SECURITY = f"{CONTENT_SECURITY}; style-src 'self' 'unsafe-inline'"
"""Swagger UI sets styles on elements."""

CACHE_CONTROL = "max-age=0, s-maxage=86400"
"""For CloudFront, which keeps a file until it is told of a change, or for a day. Browsers get
`no-cache` from the distribution."""

# Not guessed by `mimetypes`, which asks the machine.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",  # belfry-client.d.ts, which a browser never loads
    ".yaml": "application/yaml",
}

SWAGGER = ("swagger-ui.css", "swagger-ui-bundle.js")
"""What `web/docs.html` loads; the bundle's other files are not for browsers, or not for us."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file to upload: its key in the bucket, where it is here, and its headers."""

    key: str
    path: Path
    content_type: str
    cache_control: str = CACHE_CONTROL

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()


def files(project: Path) -> Iterator[Page]:
    """All of them, in the order of their keys.

    Raises ValueError when web/ holds a kind of file whose content type is not known here.
    """
    web = project / "web"
    swagger = Path(str(swagger_ui_path))
    found = {
        "openapi.yaml": project / "openapi.yaml",
        **{f"docs/swagger/{name}": swagger / name for name in SWAGGER},
        **{f"web/{path.relative_to(web).as_posix()}": path for path in _all(web)},
    }
    for key, path in sorted(found.items()):
        if path.suffix not in CONTENT_TYPES:
            raise ValueError(f"{key}: add the content type of {path.suffix} to infra/pages.py")
        yield Page(key, path, CONTENT_TYPES[path.suffix])


def _all(folder: Path) -> Iterator[Path]:
    """Its files; what an editor or a file manager leaves there begins with a dot."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            yield path
