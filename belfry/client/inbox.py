"""What a person does with their own inbox."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime
from typing import Unpack

from belfry.client.calls import Calls, place, query_of
from belfry.client.models import Change, Changed, Counts, Event, Filter, Notification
from belfry.client.wire import write


class Inbox(Calls):
    """The caller's own inbox."""

    def inbox(self, **where: Unpack[Filter]) -> Iterator[Notification]:
        """The notifications that match, as many pages as are taken: pinned first, then the newest.

        for notification in belfry.inbox(unread=True):
            print(notification.message)
        """
        return self._pages(Notification, "/api/notifications", query_of(where))

    def get(self, notification_id: str) -> Notification:
        """One notification. Raises Problem with status 404 when it is not in the inbox."""
        path = place("/api/notifications/{}", notification_id)
        return self._read(Notification, self.request("GET", path))

    def counts(self, filters: Sequence[Filter]) -> Counts:
        """How many match each of up to 20 filters, exactly.

        belfry.counts([{"unread": True}, {"archived": True}]).counts
        """
        query = {"filters": json.dumps([write(each) for each in filters])}
        return self._read(Counts, self.request("GET", "/api/inbox/counts", query=query))

    def change(
        self,
        change: Change,
        *,
        ids: Sequence[str] | None = None,
        where: Filter | None = None,
        until: datetime | None = None,
    ) -> Changed:
        """Change up to 100 notifications by their ids, or all that match; every device is told.

        `where={}` is the whole inbox; `until` is for `snooze` only. What is so already is not
        counted. Raises Problem with status 404 when none of the ids is in the inbox.

            belfry.change("archive", where={"category": "builds", "unread": False})
        """
        body = write({"change": change, "ids": list(ids) if ids is not None else None})
        body |= write({"until": until}) | ({} if where is None else {"filter": write(where)})
        changed = 0
        while True:  # a call changes a bounded number of those that match
            answer = self.request("POST", "/api/inbox/changes", body)
            changed += answer["changed"]
            if answer["nextCursor"] is None:
                return self._read(Changed, {**answer, "changed": changed})
            body["cursor"] = answer["nextCursor"]

    def read(self, *ids: str) -> Changed:
        """Mark some as read."""
        return self.change("read", ids=ids)

    def archive(self, *ids: str) -> Changed:
        """Put some away, out of the inbox."""
        return self.change("archive", ids=ids)

    def snooze(self, *ids: str, until: datetime) -> Changed:
        """Put some away; at that time they come back by themselves."""
        return self.change("snooze", ids=ids, until=until)

    def delete(self, *ids: str) -> Changed:
        """Delete some for good."""
        return self.change("delete", ids=ids)

    def subscribe(self, topic: str) -> None:
        """From now on get what is sent to a topic."""
        self.request("PUT", place("/api/topics/{}/subscription", topic))

    def unsubscribe(self, topic: str) -> None:
        self.request("DELETE", place("/api/topics/{}/subscription", topic))

    def topics(self) -> list[str]:
        """The topics that the caller is subscribed to."""
        return list(self.request("GET", "/api/topics")["topics"])

    def listen(self, since: int | None = None) -> AsyncGenerator[Event, None]:
        """What happens in the inbox, live, for ever: each event once and in order.

            async for event in belfry.listen():
                for notification in event.notifications:
                    print(notification.message)

        The first event is `ready`; with `since`, the `seq` of the last event that was dealt with,
        what was missed comes instead. `resync` and `changed` tell to load the list again. It
        reconnects by itself, polls where WebSockets are blocked, and tells Belfry that a
        notification was shown when the next event is asked for. It ends when the server closes the
        connection on purpose. Raises Problem when the token is refused.
        """
        from belfry.client.listening import Listener  # websockets is for those who listen

        return Listener(self._http, since).events()
