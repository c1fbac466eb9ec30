"""What the use cases need of the world, in verbs of the domain. Adapters and test fakes fit these.

Here are the ports that several use cases share; what is a single use case's own stands beside it.

Every method of a store may raise StoreUnavailable, every method of a queue QueueUnavailable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from belfry.changes import Change, ChangeKind
from belfry.history import Attempt, History
from belfry.model import (
    Caller,
    Connection,
    DeadLetter,
    DeadLetterFilter,
    DeliveryState,
    InboxEvent,
    Notification,
    Position,
    Role,
    User,
)
from belfry.views import View

Clock = Callable[[], datetime]
"""The time now, with time zone UTC."""


@dataclass(frozen=True, slots=True)
class StoredUser:
    """A person and the hash of their password."""

    user: User
    password_hash: str


class Users(Protocol):
    """The accounts."""

    def add(self, user: User, password_hash: str) -> None:
        """Keep a new account. Raises EmailTaken."""

    def by_id(self, user_id: str) -> User | None: ...

    def by_email(self, email: str) -> StoredUser | None: ...

    def set_role(self, email: str, role: Role) -> bool:
        """Give the account another role; False when there is no such account."""

    def all(self) -> Iterable[User]:
        """Everybody, by e-mail address."""


class Recipients(Protocol):
    """Who can be notified."""

    def exists(self, user_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """An overdue notification that nobody else publishes meanwhile."""

    id: str
    user_id: str


class Outbox(Protocol):
    """Notifications on their way: what is here and not yet dispatched cannot be forgotten.

    What is settled or given up has ended; only `reopen` changes it any more. `attempts` are what
    became of the last try, by id, for all of `ids` or for none.
    """

    def add(self, notification: Notification, dispatch_by: datetime) -> Notification:
        """Keep a notification, safe against the loss of any one part, before this returns.

        One whose id is kept already is left as it is. Answers the one that is kept.
        """

    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[Claimed]:
        """Those whose time to be dispatched has passed, the longest overdue of them.

        They are the caller's until then: of several who claim at once, one gets each. A caller who
        gets none although some are overdue has met another one at the same work.
        """

    def postpone(
        self, ids: Collection[str], until: datetime, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        """They are being taken care of until then."""

    def settle(self, ids: Collection[str], attempts: Mapping[str, Attempt] | None = None) -> None:
        """They are dispatched."""

    def give_up(
        self, ids: Collection[str], reason: str, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        """They stay in the inbox; pushing them to a device is not tried any more."""

    def reopen(self, ids: Collection[str], dispatch_by: datetime) -> None:
        """They are on their way again, however they ended; safe as `add` is."""

    def states(self, ids: Collection[str]) -> Mapping[str, DeliveryState]:
        """Where those of them that exist are on their way."""


class Notifications(Protocol):
    """The contents of inboxes, and how they got there."""

    def get(self, user_id: str, notification_id: str) -> Notification | None:
        """The notification, if it is this person's and not gone."""

    def page(
        self, user_id: str, view: View, *, before: str | None, limit: int
    ) -> Sequence[Notification]:
        """Up to `limit` of a view in its order (`belfry.views.order_of`), those after `before`."""

    def by_ids(self, ids: Collection[str]) -> Mapping[str, Notification]:
        """Those of them that exist and are not gone, of anybody."""

    def acknowledge(self, user_id: str, ids: Collection[str], now: datetime) -> None:
        """A device has shown them. The first time counts; what is not this person's is left out."""

    def history(self, notification_id: str) -> History | None:
        """The way of anybody's notification."""


class Inboxes(Protocol):
    """The numbered streams. Each change takes the next number of its person, without gaps."""

    def append(
        self, notification_ids: Sequence[str], now: datetime
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        """Let notifications arrive, once each however often this is called.

        Answers the events that devices are to be told of (new, or from an earlier call that was
        not settled), and the ids that nobody knows.
        """

    def change(
        self,
        user_id: str,
        which: Sequence[str] | View,
        change: Change,
        now: datetime,
        *,
        before: str | None = None,
    ) -> Changed | None:
        """Change what this person has, all of it or nothing, and tell by one event.

        Of a view up to CHANGED_AT_ONCE, those after `before` in its order; of ids all. None when
        this person has none of the ids. What has not arrived yet changes without an event.
        """

    def change_each(
        self, ids: Mapping[str, Collection[str]], change: Change, now: datetime
    ) -> Sequence[Changed]:
        """Change what these people have, by their ids: each person's all or nothing, by one event.

        Answers for those of whom something changed. Whose inbox is too busy, or cannot be changed,
        stays as it was and is logged; raises only when nobody's could be.
        """

    def position(self, user_id: str) -> Position: ...

    def missed(self, user_id: str, since: int) -> tuple[Position, Sequence[InboxEvent] | None]:
        """The events after `since`, or None when they reach back further than is kept."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of kind `notification` with all of its contents: a device takes a number once."""

    event: InboxEvent
    notifications: tuple[Notification, ...]


CHANGED_AT_ONCE = 1000
"""So many notifications of a view are changed by one event."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did: to how many, and the event, None when to none that has arrived.

    `notifications` are those that were asked for by id, as they are now; of a view the first that
    changed. `rest` is where a view goes on, None at its end.
    """

    count: int
    event: InboxEvent | None
    notifications: tuple[Notification, ...] = ()
    rest: str | None = None


class Counts(Protocol):
    """How many notifications a view shows."""

    def of(self, user_id: str, views: Sequence[View]) -> Sequence[int]:
        """Exact, one for each view, and as quick for large inboxes, except for views with `since`:
        what those show is counted one by one.
        """


@dataclass(frozen=True, slots=True)
class Due:
    """A notification of which something is due: its snooze is over, or it has expired."""

    id: str
    user_id: str
    change: ChangeKind


class Timers(Protocol):
    """What happens in inboxes by itself, because of the time."""

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """What should have happened by now, the longest overdue of it."""


class Scheduled(Protocol):
    """Notifications that are to be delivered later."""

    def page(self, now: datetime, *, after: str | None, limit: int) -> Sequence[Notification]:
        """Up to `limit` with a `deliver_at` after now, soonest first, and after the order `after`
        (`belfry.views.order_of`).
        """


class Connections(Protocol):
    """Who has which WebSockets open. One that is not heard of for a while is forgotten."""

    def add(self, connection: Connection) -> None:
        """It is open, and was heard of as it opened."""

    def renew(self, connection: Connection, now: datetime) -> None:
        """It was heard of now; one that was forgotten is here again."""

    def remove(self, ids: Collection[str]) -> None: ...

    def of_users(self, user_ids: Collection[str]) -> Sequence[Connection]: ...


class Tickets(Protocol):
    """Single-use permissions to open a WebSocket."""

    def add(self, ticket: str, caller: Caller, expires_at: datetime) -> None: ...

    def redeem(self, ticket: str, now: datetime) -> Caller | None:
        """Whose it is, once; None for a used, expired or unknown one."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message for a queue, to arrive after `delay` seconds.

    `headers` hold texts and whole numbers only: Amazon MQ documents no other kind.
    """

    queue: str
    body: bytes
    headers: Mapping[str, str | int] = field(default_factory=dict)
    delay: float = 0.0


class Queue(Protocol):
    """Where messages wait for the dispatcher."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Hand over, confirmed. Raises QueueUnavailable, and then some may have been taken."""

    def check(self) -> None:
        """Raise QueueUnavailable when the queue does not answer."""

    def depths(self) -> Mapping[str, int]:
        """How many messages wait in each queue to be taken; none when it does not answer."""


class DeadLetters(Protocol):
    """What was given up: a record for each message, however often it died. Ordered by their ids."""

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them. One that is here already has died once more, if later than it did before."""

    def get(self, letter_id: str) -> DeadLetter | None: ...

    def page(
        self, which: DeadLetterFilter, *, before: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Up to `limit`, newest first, older than the id `before`; without bodies and headers."""

    def oldest(
        self, which: DeadLetterFilter, *, after: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Up to `limit`, oldest first, newer than the id `after`; with bodies and headers.

        There may be fewer, but not none, to keep to some megabytes.
        """

    def remove(self, letters: Sequence[DeadLetter]) -> int:
        """Forget these, except one that has died again since it was read; answers how many."""

    def count(self, which: DeadLetterFilter) -> int: ...


class PushResult(Enum):
    """What became of a push. LATER asks for another try, GONE for forgetting the connection."""

    DONE = "done"
    GONE = "gone"
    LATER = "later"
    REFUSED = "refused"


class Pusher(Protocol):
    """Sends frames to open WebSockets."""

    def push(self, frames: Sequence[tuple[Connection, bytes]]) -> Sequence[PushResult]:
        """Send each frame; one result each, in the same order. Raises nothing."""

    def hang_up(self, connections: Sequence[Connection]) -> None:
        """End these WebSockets, as well as it goes. Raises nothing."""


class Passwords(Protocol):
    """One-way hashes, slow on purpose."""

    def hash(self, password: str) -> str: ...

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; as slow when there is no hash to compare with."""


class TokenIssuer(Protocol):
    """Signs tokens."""

    def issue(self, user: User) -> tuple[str, int]:
        """A signed token, and for how many seconds it is valid."""


NEW_KEYS_SECONDS = 60.0
"""How often at most a verifier looks for new keys, so by when it knows of a new one."""


class TokenVerifier(Protocol):
    """Checks tokens."""

    def verify(self, token: str) -> tuple[Caller, datetime]:
        """Whose token it is and when it expires.

        Raises InvalidToken, or SecretsUnavailable when its key may be one that cannot be read now.
        """


class Store(Protocol):
    """The database as a whole."""

    def check(self) -> None:
        """Raise StoreUnavailable when the database does not answer."""
