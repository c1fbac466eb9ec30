"""What is uploaded for the pages: all that the runner serves of them, as it serves them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from infra.pages import CONTENT_SECURITY, DOCS_CONTENT_SECURITY, files
from local_runner.command.pages import page_routes

PROJECT = Path(__file__).resolve().parents[2]


def served(*addresses: str) -> list[httpx.Response]:
    """The runner's answers."""
    app = Starlette(routes=page_routes(PROJECT / "web", PROJECT / "openapi.yaml"))

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://runner") as client:
            return [await client.get(address) for address in addresses]

    return asyncio.run(ask())


def test_each_file_is_the_one_that_the_runner_serves() -> None:
    pages = list(files(PROJECT))
    assert len(pages) > 50
    for page, answer in zip(pages, served(*(f"/{page.key}" for page in pages)), strict=True):
        assert answer.status_code == 200, page.key
        assert answer.content == page.content, page.key
        if not page.key.endswith(".d.ts"):  # of which the runner takes what the machine guesses
            assert answer.headers["content-type"] == page.content_type, page.key
        expected = CONTENT_SECURITY
        assert answer.headers["content-security-policy"] == expected, page.key


def test_the_page_of_the_api_has_its_own_policy() -> None:
    [answer] = served("/docs")
    assert answer.headers["content-security-policy"] == DOCS_CONTENT_SECURITY


def test_nothing_of_web_is_left_out() -> None:
    uploaded = {page.path for page in files(PROJECT)}
    assert {path for path in (PROJECT / "web").rglob("*") if path.is_file()} <= uploaded


def test_what_pages_load_is_uploaded() -> None:
    pages = {f"/{page.key}": page for page in files(PROJECT)}
    for address, page in pages.items():
        if address.endswith(".html"):
            text = page.path.read_text(encoding="utf-8")
            loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(/[^"]+)"', text)
            assert loaded, address
            assert set(loaded) <= set(pages), address


def test_browsers_never_keep_a_file_without_asking() -> None:
    for page in files(PROJECT):
        assert "max-age=0" in page.cache_control.split(", "), page.key


def test_a_file_of_an_unknown_kind_is_told(tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    (web / "clip.mp4").write_bytes(b"")
    (tmp_path / "openapi.yaml").write_text("")
    with pytest.raises(ValueError, match=r"web/clip\.mp4: add the content type of \.mp4"):
        list(files(tmp_path))


def test_what_an_editor_leaves_is_not_uploaded(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / ".index.html.swp").write_text("")
    (tmp_path / "openapi.yaml").write_text("")
    assert not [page.key for page in files(tmp_path) if page.key.startswith("web/")]
