"""`<belfry-inbox>` on an empty page, with a client that needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Route

WEB = Path(__file__).parents[2] / "web"
FAKE_CLIENT = Path(__file__).with_name("fake_client.js")
SAME_AS_THE_PAGES = (
    "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

Json = dict[str, Any]

_PAGE = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="{scheme}"><title>Host</title></head>
<body><main><h1>A page of somebody</h1></main></body></html>"""

_START = """async ({ items, attributes, strings, held, failing }) => {
  const { FakeClient } = await import("/fake_client.js");
  await import("/web/belfry-inbox.js");
  window.client = Object.assign(new FakeClient(items), { held, failing });
  const element = document.createElement("belfry-inbox");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, { client: window.client, strings });
  document.querySelector("main").append(element);
}"""


def notification(number: int, **fields: Any) -> Json:
    """The higher the number, the newer."""
    minute, hour = number % 60, number // 60
    at = f"2026-01-{5 + hour // 24:02}T{hour % 24:02}:{minute:02}:00.000Z"
    return {
        "id": f"id-{number:05}",
        "userId": "ada",
        "title": f"Title {number}",
        "message": f"message {number}",
        "priority": 3,
        "read": False,
        "archived": False,
        "pinned": False,
        "createdAt": at,
        "arrivedAt": at,
        **fields,
    }


def note(broken: list[str], said: ConsoleMessage) -> None:
    if said.type == "error":
        broken.append(said.text)


class InboxElement:
    """One element, and what a person sees and does there."""

    def __init__(self, page: Page, broken: list[str]) -> None:
        self.page = page
        self.broken = broken  # what must not happen: errors and refusals of the CSP
        self.host = page.locator("belfry-inbox")
        self.panel = self.host.locator("[part=panel]")
        self.feed = self.host.get_by_role("feed")
        self.rows = self.host.locator(".item")
        self.bell = self.host.locator("[part=bell]")
        self.bar = self.host.locator("[part=notice]")

    def row(self, title: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """What has the focus: the name of a button, or the title of a row."""
        return str(
            self.page.evaluate(
                """() => {
                  let at = document.activeElement;
                  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                  return at.getAttribute("aria-label") ?? at.querySelector?.(".title")?.textContent
                    ?? at.textContent;
                }"""
            )
        )

    def has_focus_on(self, name: str) -> None:
        self.page.wait_for_function(
            """(name) => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              const title = at.querySelector?.(".title")?.textContent;
              return (at.getAttribute("aria-label") ?? title ?? at.textContent) === name;
            }""",
            arg=name,
            timeout=5_000,
        )

    def asked(self) -> list[list[Any]]:
        """Each change that was asked for: its name, and the numbers or the filter."""
        asked: list[Json] = self.page.evaluate("window.client.asked")
        return [[one["change"], one["ids"] or one["filter"]] for one in asked]

    def shows(self, *titles: str) -> None:
        expect(self.rows.locator(".title")).to_have_text(list(titles))


def open_element(
    context: BrowserContext,
    items: list[Json],
    *,
    lang: str = "en",
    direction: str = "ltr",
    scheme: str = "light dark",
    attributes: dict[str, str] | None = None,
    strings: dict[str, Any] | None = None,
    held: bool = False,
    failing: str = "",
) -> InboxElement:
    """An element on a page of its own, with the Content-Security-Policy of our pages."""
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: note(broken, said))

    def serve(route: Route) -> None:
        path = Path(urlsplit(route.request.url).path)
        if path.name == FAKE_CLIENT.name:
            route.fulfill(path=FAKE_CLIENT)
        elif path.parts[1:2] == ("web",):
            route.fulfill(path=WEB.joinpath(*path.parts[2:]))
        else:
            body = _PAGE.format(lang=lang, dir=direction, scheme=scheme)
            headers = {"content-security-policy": SAME_AS_THE_PAGES, "content-type": "text/html"}
            route.fulfill(body=body, headers=headers)

    page.route("**/*", serve)
    page.goto("http://belfry.test/")
    page.evaluate(
        _START,
        {
            "items": items,
            "attributes": attributes or {},
            "strings": strings or {},
            "held": held,
            "failing": failing,
        },
    )
    return InboxElement(page, broken)


def new_context(chromium: Browser, *, mobile: bool = False, dark: bool = False) -> BrowserContext:
    size = {"width": 390, "height": 844} if mobile else {"width": 1280, "height": 900}
    return chromium.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        has_touch=mobile,
        is_mobile=mobile,
        color_scheme="dark" if dark else "light",
        timezone_id="Europe/Berlin",
    )
