"""The console in a page of its own, with answers that are the same on every run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

from tests.browser.admin_answers import ADMIN, URL

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from tests.browser.admin_answers import Answers, Json

VIEWS = ("send", "scheduled", "broadcasts", "trace", "dead-letters", "online", "charts")


class Console:
    """One page of the console."""

    def __init__(
        self, browser: Browser, answers: Answers, *, user: Json | None = ADMIN, **context: Any
    ) -> None:
        """`user` is who is signed in, `context` is of Playwright's `new_context`."""
        self.answers = answers
        self.broken: list[str] = []  # what must not happen: errors, CSP refusals, dialogs
        self.context = browser.new_context(**{"timezone_id": "Europe/Berlin"} | context)
        self.context.route("**/*", answers.serve)
        if user:
            session = json.dumps({"token": "signed", "user": user})
            self.context.add_init_script(
                f"sessionStorage.getItem('belfry.session') ?? "
                f"sessionStorage.setItem('belfry.session', JSON.stringify({session}))"
            )
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.page.on("dialog", lambda dialog: self.broken.append(dialog.message))
        self.page.on("console", lambda message: self._listen(message.text))

    def open(self, view: str = "send") -> Console:
        self.page.goto(f"{URL}/web/admin.html#{view}")
        return self

    def go(self, view: str) -> Locator:
        """Follow the link to a view; answers its section."""
        self.page.get_by_role("navigation").get_by_role("link", name=view, exact=True).click()
        return self.page.get_by_role("region", name=view, exact=True)

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tabs_to(self, wanted: Locator, *, back: bool = False, most: int = 60) -> None:
        """By the Tab key alone, as often as it takes."""
        for _ in range(most):
            if wanted.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab does not reach {wanted}")

    def violations(self) -> str:
        """What axe finds against WCAG and good practice, as a report; empty if there is nothing."""
        results = Axe().run(self.page)
        return results.generate_report() if results.violations_count else ""

    def _listen(self, text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text:
            self.broken.append(text)
