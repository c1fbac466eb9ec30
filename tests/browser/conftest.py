"""Chromium, and pages in it. `belfry`, a running Belfry, is a fixture of the folders above."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.visit import OpenPage
    from tests.runner import Belfry

# A busy machine may need longer than the usual 5 s to show a page.
expect.set_options(timeout=15_000)

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Person:
    """An account that is used by one test only."""

    id: str
    email: str
    password: str


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser per module: while it runs, Playwright keeps an event loop in this thread."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("There is no `chromium` on the PATH. `make test` installs it on Debian.")
    with sync_playwright() as playwright:
        # Chromium refuses to start its sandbox as root.
        sandbox = os.geteuid() != 0
        browser = playwright.chromium.launch(
            executable_path=path, args=QUIET, chromium_sandbox=sandbox
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, belfry: Belfry) -> Iterator[OpenPage]:
    """Each page is a context, so a browser, of its own; in the end none may have been broken."""
    visits: list[Visit] = []

    def opened(*, width: int = 1280, height: int = 900) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": height})
        visit = Visit(context.new_page())
        visits.append(visit)
        visit.page.goto(belfry.url)
        return visit

    yield opened
    for visit in visits:
        visit.page.context.close()
    assert [problem for visit in visits for problem in visit.broken] == []


@pytest.fixture
def person(belfry: Belfry) -> Person:
    email, password = f"{uuid4().hex}@example.com", "correct horse battery"
    user = belfry.register("Ada", email, password)
    return Person(user["id"], email, password)


@pytest.fixture
def visit(open_page: OpenPage, person: Person) -> Visit:
    """The page of a person who has signed in."""
    visit = open_page()
    visit.sign_in(person.email, person.password)
    visit.is_live()
    return visit


@pytest.fixture
def second_visit(open_page: OpenPage, person: Person) -> Visit:
    """The same person on another device."""
    visit = open_page(width=360, height=740)
    visit.sign_in(person.email, person.password)
    visit.is_live()
    return visit
