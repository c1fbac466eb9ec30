"""A person's visit to the page, in the words of the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Dialog, Locator, Page

# A page that lost the server waits up to 15 s before it tries again.
RECONNECTED_WITHIN_MILLISECONDS = 30_000


OpenPage = Callable[..., "Visit"]
"""Opens the page in a browser of its own: `open_page(width=360)`."""


class Visit:
    """One page, and what a person sees and does there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.broken: list[str] = []  # what must not happen: errors, CSP refusals, dialogs
        page.on("pageerror", lambda error: self.broken.append(str(error)))
        page.on("console", self._listen)
        page.on("dialog", self._refuse)

    def sign_in(self, email: str, password: str) -> None:
        form = self.page.locator("#sign-in")
        form.get_by_label("E-mail").fill(email)
        form.get_by_label("Password").fill(password)
        form.get_by_role("button", name="Sign in").click()

    def is_live(self) -> None:
        expect(self.connection).to_have_attribute(
            "data-state", "live", timeout=RECONNECTED_WITHIN_MILLISECONDS
        )

    def has_lost_the_server(self) -> None:
        expect(self.connection).to_have_attribute("data-state", "waiting")
        said = self.inbox.get_by_role("status").filter(has_text="Reconnecting by itself")
        expect(said).to_have_count(1)

    def has_unread(self, count: int) -> None:
        name = f"Notifications, {count} unread"
        bell = self.page.get_by_role("button", name=name, exact=True)
        expect(bell).to_be_visible(timeout=RECONNECTED_WITHIN_MILLISECONDS)

    def row(self, text: str) -> Locator:
        return self.rows.filter(has_text=text)

    @property
    def rows(self) -> Locator:
        return self.inbox.get_by_role("feed", name="Notifications").get_by_role("article")

    def tab(self, name: str) -> Locator:
        return self.inbox.get_by_role("group", name="Show").get_by_role(
            "button", name=re.compile(rf"^{name}\b")
        )

    @property
    def inbox(self) -> Locator:
        """The one on the desk; the other one is below the bell."""
        return self.page.locator("#inbox")

    @property
    def connection(self) -> Locator:
        return self.inbox.locator("[part=connection]")

    def _listen(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "TrustedHTML" in message.text:
            self.broken.append(message.text)

    def _refuse(self, dialog: Dialog) -> None:
        self.broken.append(f"a dialog: {dialog.message}")
        dialog.dismiss()


def is_unread(row: Locator) -> None:
    expect(row.get_by_role("button", name="Mark as read")).to_be_visible()


def is_read(row: Locator) -> None:
    expect(row.get_by_role("button", name="Mark as unread")).to_be_visible()
