"""What a sender does; all of it is for administrators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from belfry.client.calls import Calls, place, query_of
from belfry.client.http import Json
from belfry.client.models import Broadcast, Notification, Trace, User
from belfry.client.wire import write


class Content(TypedDict, total=False):
    """What a message may have besides its text. `priority` is 1 to 5, the most urgent (3)."""

    title: str | None
    category: str | None
    priority: int | None
    link: str | None
    data: Mapping[str, Any] | None


class Sending(Content, total=False):
    """And when it is to arrive, when it is to be gone, and what makes a repetition safe."""

    deliver_at: datetime | None
    expires_at: datetime | None
    idempotency_key: str | None


class Sender(Calls):
    """Sending, and what becomes of it."""

    def send(self, user_id: str, message: str, **more: Unpack[Sending]) -> Notification:
        """Notify a person. Once it returns, the notification is stored and cannot be lost.

            belfry.send(user_id, "main is green again", title="Build finished", priority=4)

        A retry never notifies twice. To be as sure when your own program starts again, give an
        `idempotency_key` of up to 255 characters, such as the id of what it is about; it holds for
        24 hours. Raises Problem, with status 422 for an unknown person.
        """
        return self._read(
            Notification, self._send("/api/notifications", {"user_id": user_id}, message, more)
        )

    def broadcast(
        self,
        message: str,
        *,
        users: Sequence[str] | None = None,
        topic: str | None = None,
        everybody: bool = False,
        **more: Unpack[Sending],
    ) -> Broadcast:
        """Notify up to 1,000 people by their ids, those subscribed to a topic, or everybody.

        It returns before it has arrived; `broadcast_status` says how far it is.

            belfry.broadcast("Maintenance at 10 p.m.", topic="operations")
        """
        named = {"user_ids": None if users is None else list(users), "topic": topic}
        to = write({**named, "everybody": everybody or None})
        if len(to) != 1:
            raise ValueError("name users, or a topic, or everybody: one of them")
        return self._read(Broadcast, self._send("/api/broadcasts", {"to": to}, message, more))

    def _send(self, path: str, to: Json, message: str, more: Sending) -> Json:
        body = write({**to, "message": message, **more})
        return self._http.post(path, body, key=body.pop("idempotencyKey", None))

    def replace(
        self, notification_id: str, message: str, **content: Unpack[Content]
    ) -> Notification:
        """Say something else: every device shows the new content, marked as edited.

        What is left out is not kept from the old content.
        """
        path = place("/api/notifications/{}/content", notification_id)
        return self._read(
            Notification, self.request("PUT", path, write({"message": message, **content}))
        )

    def withdraw(self, notification_id: str) -> None:
        """Take a notification back: it is gone from the inbox and every device, or never comes."""
        self.request("POST", place("/api/notifications/{}/withdraw", notification_id))

    def scheduled(self) -> Iterator[Notification]:
        """What waits for its `deliver_at`, the soonest first."""
        return self._pages(Notification, "/api/scheduled", {})

    def broadcasts(self) -> Iterator[Broadcast]:
        """The broadcasts, the newest first."""
        return self._pages(Broadcast, "/api/broadcasts", {})

    def broadcast_status(self, broadcast_id: str) -> Broadcast:
        """How far a broadcast is."""
        path = place("/api/broadcasts/{}", broadcast_id)
        return self._read(Broadcast, self.request("GET", path))

    def withdraw_broadcast(self, broadcast_id: str) -> None:
        """Take a broadcast back, from all who have it or would get it."""
        self.request("POST", place("/api/broadcasts/{}/withdraw", broadcast_id))

    def trace(self, notification_id: str) -> Trace:
        """Where anybody's notification is, and what happened on its way."""
        path = place("/api/notifications/{}/trace", notification_id)
        return self._read(Trace, self.request("GET", path))

    def users(self, search: str | None = None) -> Iterator[User]:
        """The people whose name or e-mail address begins so, whatever the case; or all."""
        return self._pages(User, "/api/users", query_of({"search": search}))
