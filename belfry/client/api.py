"""The client: an inbox and a sender behind one token."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from belfry.client.http import Http, LogIn
from belfry.client.inbox import Inbox
from belfry.client.sending import Sender


class Belfry(Inbox, Sender):
    """Belfry at an address, as the person that a token belongs to.

        with Belfry.log_in("http://127.0.0.1:8080", "ada@example.com", "correct horse") as belfry:
            for notification in belfry.inbox(unread=True):
                print(notification.message)

    It may be used from many threads. Calls raise `Unreachable` when nobody answers and `Problem`
    when Belfry says no; both only after what may pass was tried again, for up to five times.
    """

    def __init__(
        self, url: str, token: str | Callable[[], str], *, websocket_url: str | None = None
    ) -> None:
        """`token` is that of `POST /api/login`, or a function that is asked before each call.

        `websocket_url` is where to listen; without it, that is `/ws` at the same host.

        Raises ValueError when an address does not begin with http:// or https:// (ws:// or wss://).
        """
        source = (lambda: token) if isinstance(token, str) else token
        super().__init__(Http(url, source, websocket_url=websocket_url))

    @classmethod
    def log_in(
        cls, url: str, email: str, password: str, *, websocket_url: str | None = None
    ) -> Self:
        """As an account: the token is got with the first call, and anew before it expires."""
        return cls(url, LogIn(url, email, password), websocket_url=websocket_url)

    def leave(self) -> None:
        """Delete the account and everything of its person, for good.

        Raises Problem with status 409 for an administrator, who cannot leave.
        """
        # Unlike other DELETEs it may be repeated: who has left may leave again.
        self._http.call("DELETE", "/api/me", repeatable=True)

    def close(self) -> None:
        """Let go of the open connections. The next call would open new ones."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
