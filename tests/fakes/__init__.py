"""In-memory fakes of every port. The contract tests hold them to the adapters' promises."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, chain
from threading import Lock
from typing import Any

from belfry.adapters.mongo.attempts import KEPT as KEPT_ATTEMPTS
from belfry.adapters.mongo.dead_letters import BATCH_BYTES
from belfry.adapters.mongo.stream import KEPT
from belfry.changes import Change, ChangeKind
from belfry.errors import EmailTaken, InvalidToken, QueueUnavailable, StoreUnavailable
from belfry.frames import MOST_NAMED, in_frames
from belfry.history import Attempt, History
from belfry.idempotency import Record
from belfry.model import (
    Caller,
    Connection,
    DeadLetter,
    DeadLetterFilter,
    DeliveryState,
    EventKind,
    InboxEvent,
    Notification,
    Position,
    Role,
    User,
    first_id_of,
)
from belfry.ports import (
    CHANGED_AT_ONCE,
    Arrival,
    Changed,
    Claimed,
    Due,
    Message,
    PushResult,
    StoredUser,
)
from belfry.retry import RetryPolicy
from belfry.statistics import Bucket
from belfry.topology import consumed_queues
from belfry.views import View, order_of
from belfry.wiring import Deps
from tests.fakes.backlog import FakeBacklog
from tests.fakes.broadcasts import FakeAudiences, FakeBroadcasts, FakeChunks, Sent
from tests.fakes.idempotency import FakeIdempotencyKeys
from tests.fakes.leavings import FakeLeavings, make_stone
from tests.fakes.people import FakePeople, FakePresence
from tests.fakes.secrets import FakeSecrets, new_signing_keys
from tests.fakes.statistics import FakeStatistics
from tests.fakes.topics import FakeSubscriptions

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class FakeClock:
    """Stands still until it is told to go on."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Row:
    """A stored notification and where it is on its way."""

    notification: Notification
    dispatch_by: datetime | None
    state: DeliveryState = DeliveryState.QUEUED
    failure: str | None = None
    attempts: deque[Attempt] = field(default_factory=lambda: deque(maxlen=KEPT_ATTEMPTS))
    acknowledged_at: datetime | None = None


@dataclass
class Stream:
    """One person's numbered events, of which the last ones are kept."""

    user_id: str
    position: Position = field(default_factory=Position)
    events: deque[InboxEvent] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add(
        self,
        kind: EventKind,
        ids: Iterable[str],
        unread_change: int,
        now: datetime,
        until: datetime | None = None,
    ) -> InboxEvent:
        self.position = Position(self.position.seq + 1, self.position.unread + unread_change)
        seq, unread = self.position.seq, self.position.unread
        event = InboxEvent(self.user_id, seq, kind, tuple(ids), unread, now, until)
        self.events.append(event)
        return event


@dataclass
class Tables:
    users: dict[str, StoredUser] = field(default_factory=dict)
    notifications: dict[str, Row] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    tickets: dict[str, tuple[Caller, datetime]] = field(default_factory=dict)
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    idempotency_keys: dict[tuple[str, str], tuple[Record, datetime, datetime]] = field(
        default_factory=dict
    )
    """With the end of the lease, and of the day."""
    statistics: dict[datetime, Bucket] = field(default_factory=dict)
    broadcasts: dict[str, Sent] = field(default_factory=dict)
    subscriptions: set[tuple[str, str]] = field(default_factory=set)
    leavings: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """When they left, and when they are due."""


class Memory:
    """What the fake stores share, as they would a database. While it is `down` it is no use."""

    def __init__(self) -> None:
        self.down = False
        self._tables = Tables()

    @property
    def tables(self) -> Tables:
        if self.down:
            raise StoreUnavailable("The database does not answer. Try again.")
        return self._tables


class FakeStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def check(self) -> None:
        _ = self._memory.tables


class FakeRecipients:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def exists(self, user_id: str) -> bool:
        return user_id in self._memory.tables.users


class FakeUsers:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, user: User, password_hash: str) -> None:
        if self.by_email(user.email):
            raise EmailTaken("There is an account with this e-mail address already.")
        self._memory.tables.users[user.id] = StoredUser(user, password_hash)

    def by_id(self, user_id: str) -> User | None:
        stored = self._memory.tables.users.get(user_id)
        return stored.user if stored else None

    def by_email(self, email: str) -> StoredUser | None:
        everybody = self._memory.tables.users.values()
        return next((stored for stored in everybody if stored.user.email == email), None)

    def set_role(self, email: str, role: Role) -> bool:
        stored = self.by_email(email)
        if stored is None:
            return False
        changed = replace(stored, user=replace(stored.user, role=role))
        self._memory.tables.users[stored.user.id] = changed
        return True

    def set_password(self, user_id: str, password_hash: str) -> None:
        users = self._memory.tables.users
        users[user_id] = replace(users[user_id], password_hash=password_hash)

    def all(self) -> Iterable[User]:
        everybody = [stored.user for stored in self._memory.tables.users.values()]
        return sorted(everybody, key=lambda user: user.email)


class FakeOutbox:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._claiming = Lock()

    def add(self, notification: Notification, dispatch_by: datetime) -> Notification:
        rows = self._memory.tables.notifications
        kept = rows.setdefault(notification.id, Row(notification, dispatch_by)).notification
        return notification if kept.gone else kept

    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[Claimed]:
        with self._claiming:
            overdue = [
                (row.dispatch_by, row)
                for row in self._memory.tables.notifications.values()
                if row.dispatch_by and row.dispatch_by <= now
            ]
            overdue.sort(key=lambda each: each[0])
            claimed = [row for _, row in overdue[:limit]]
            for row in claimed:
                row.dispatch_by = until
        return [Claimed(row.notification.id, row.notification.user_id) for row in claimed]

    def postpone(
        self, ids: Collection[str], until: datetime, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        for row in self._queued(ids, attempts):
            row.dispatch_by = until

    def settle(self, ids: Collection[str], attempts: Mapping[str, Attempt] | None = None) -> None:
        for row in self._queued(ids, attempts):
            row.state, row.dispatch_by = DeliveryState.DISPATCHED, None

    def give_up(
        self, ids: Collection[str], reason: str, attempts: Mapping[str, Attempt] | None = None
    ) -> None:
        for row in self._queued(ids, attempts):
            row.state, row.dispatch_by, row.failure = DeliveryState.FAILED, None, reason

    def reopen(self, ids: Collection[str], dispatch_by: datetime) -> None:
        rows = self._memory.tables.notifications
        for row in [rows[id_] for id_ in ids if id_ in rows]:
            row.state, row.dispatch_by, row.failure = DeliveryState.QUEUED, dispatch_by, None

    def states(self, ids: Collection[str]) -> Mapping[str, DeliveryState]:
        rows = self._memory.tables.notifications
        return {id_: rows[id_].state for id_ in ids if id_ in rows}

    def _queued(
        self, ids: Collection[str], attempts: Mapping[str, Attempt] | None = None
    ) -> Sequence[Row]:
        rows = self._memory.tables.notifications
        found = [rows[id_] for id_ in set(ids) if id_ in rows]
        queued = [row for row in found if row.state is DeliveryState.QUEUED]
        if attempts:
            for row in queued:
                row.attempts.append(attempts[row.notification.id])
        return queued


class FakeNotifications:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def get(self, user_id: str, notification_id: str) -> Notification | None:
        found = self.by_ids([notification_id]).get(notification_id)
        return found if found and found.user_id == user_id else None

    def page(
        self, user_id: str, view: View, *, before: str | None, limit: int
    ) -> Sequence[Notification]:
        found = shown(self._memory, user_id, view)
        return [item for item in found if before is None or order_of(item) < before][:limit]

    def by_ids(self, ids: Collection[str]) -> Mapping[str, Notification]:
        rows = self._memory.tables.notifications
        found = {id_: rows[id_].notification for id_ in ids if id_ in rows}
        return {id_: item for id_, item in found.items() if not item.gone}

    def acknowledge(self, user_id: str, ids: Collection[str], now: datetime) -> None:
        rows = self._memory.tables.notifications
        for row in [rows[id_] for id_ in ids if id_ in rows]:
            if row.notification.user_id == user_id and row.acknowledged_at is None:
                row.acknowledged_at = now

    def history(self, notification_id: str) -> History | None:
        row = self._memory.tables.notifications.get(notification_id)
        if row is None or not row.notification.user_id:
            return None
        return History(
            id=row.notification.id,
            user_id=row.notification.user_id,
            state=row.state,
            accepted_at=row.notification.created_at,
            dispatch_by=row.dispatch_by,
            attempts=tuple(row.attempts),
            acknowledged_at=row.acknowledged_at,
            read_at=row.notification.read_at,
            deliver_at=row.notification.deliver_at,
            edited_at=row.notification.edited_at,
            gone=row.notification.gone,
            gone_at=row.notification.gone_at,
        )


def shown(memory: Memory, user_id: str, view: View) -> Sequence[Notification]:
    """What a view of a person's inbox shows, in its order."""
    everything = [row.notification for row in memory.tables.notifications.values()]
    theirs = [item for item in everything if item.user_id == user_id and view.shows(item)]
    return sorted(theirs, key=order_of, reverse=True)


class FakeCounts:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def of(self, user_id: str, views: Sequence[View]) -> Sequence[int]:
        return [len(shown(self._memory, user_id, view)) for view in views]


class FakeScheduled:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def page(self, now: datetime, *, after: str | None, limit: int) -> Sequence[Notification]:
        rows = self._memory.tables.notifications.values()
        queued = [row.notification for row in rows if row.state is DeliveryState.QUEUED]
        later = [item for item in queued if item.deliver_at and item.deliver_at > now]
        ordered = sorted(later, key=order_of)
        return [item for item in ordered if after is None or order_of(item) > after][:limit]


class FakeTimers:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        found = []
        for row in self._memory.tables.notifications.values():
            item = row.notification
            for at, change in (
                (item.expires_at, ChangeKind.EXPIRE),
                (item.snoozed_until, ChangeKind.WAKE),
            ):
                if item.gone is None and at and at <= now:
                    found.append((at, Due(item.id, item.user_id, change)))
                    break
        return [due for _, due in sorted(found, key=lambda each: each[0])][:limit]


class FakeInboxes:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def append(
        self, notification_ids: Sequence[str], now: datetime
    ) -> tuple[Sequence[Arrival], Collection[str]]:
        rows = self._memory.tables.notifications
        known = sorted(rows.keys() & set(notification_ids))
        for row in [rows[id_] for id_ in known]:
            if row.notification.user_id in self._memory.tables.leavings:
                make_stone(row, now)
        here = [id_ for id_ in known if not rows[id_].notification.gone]
        new = [rows[id_].notification for id_ in here if rows[id_].notification.seq is None]
        there = [item for item in new if item.expires_at is None or item.expires_at > now]
        fresh = [replace(item, came_at=now) for item in there]
        for group in _frames(fresh):
            ids = [notification.id for notification in group]
            unread = sum(notification.is_counted for notification in group)
            event = self._stream(group[0].user_id).add(EventKind.NOTIFICATION, ids, unread, now)
            for notification in group:
                rows[notification.id].notification = replace(notification, seq=event.seq)
        waiting = [rows[id_] for id_ in here if rows[id_].state is DeliveryState.QUEUED]
        places = {(row.notification.user_id, row.notification.seq) for row in waiting}
        arrivals = [
            Arrival(event, tuple(self._present(event.ids)))
            for user_id in sorted({user_id for user_id, _ in places})
            for event in self._stream(user_id).events
            if (user_id, event.seq) in places
        ]
        return arrivals, set(notification_ids) - rows.keys()

    def _present(self, ids: Iterable[str]) -> Iterable[Notification]:
        rows = self._memory.tables.notifications
        return (rows[id_].notification for id_ in ids if not rows[id_].notification.gone)

    def change(
        self,
        user_id: str,
        which: Sequence[str] | View,
        change: Change,
        now: datetime,
        *,
        before: str | None = None,
    ) -> Changed | None:
        if isinstance(which, View):
            found = shown(self._memory, user_id, which)
            items = [i for i in found if before is None or order_of(i) < before][:CHANGED_AT_ONCE]
            rest = order_of(items[-1]) if len(items) == CHANGED_AT_ONCE else None
        else:
            known = self._memory.tables.notifications.keys() & set(which)
            items = [i for i in self._present(sorted(known)) if i.user_id == user_id]
            rest = None
            if not items:
                return None
        after = [change.applied_to(item, now) for item in items]
        pairs = [(was, is_) for was, is_ in zip(items, after, strict=True) if was is not is_]
        event = self._write(user_id, pairs, change, now)
        told = after if not isinstance(which, View) else [is_ for _, is_ in pairs[:1]]
        return Changed(len(pairs), event, tuple(told), rest)

    def change_each(
        self, ids: Mapping[str, Collection[str]], change: Change, now: datetime
    ) -> Sequence[Changed]:
        done = [
            self.change(user_id, sorted(theirs), change, now) for user_id, theirs in ids.items()
        ]
        return [changed for changed in done if changed and changed.count]

    def _write(
        self,
        user_id: str,
        pairs: Sequence[tuple[Notification, Notification]],
        change: Change,
        now: datetime,
    ) -> InboxEvent | None:
        for _, is_ in pairs:
            row = self._memory.tables.notifications[is_.id]
            row.notification = is_
            if is_.gone and is_.seq is None:
                row.state, row.dispatch_by = DeliveryState.CANCELLED, None
        arrived = [(was, is_) for was, is_ in pairs if is_.seq is not None]
        if not arrived:
            return None
        unread = sum(is_.is_counted - was.is_counted for was, is_ in arrived)
        ids = [is_.id for _, is_ in arrived]
        if len(ids) > MOST_NAMED:
            return self._stream(user_id).add(EventKind.CHANGED, (), unread, now)
        return self._stream(user_id).add(change.event, ids, unread, now, change.until)

    def position(self, user_id: str) -> Position:
        return self._known(user_id).position

    def missed(self, user_id: str, since: int) -> tuple[Position, Sequence[InboxEvent] | None]:
        stream = self._known(user_id)
        events = [event for event in stream.events if event.seq > since]
        complete = len(events) == stream.position.seq - since
        return stream.position, events if complete else None

    def _known(self, user_id: str) -> Stream:
        return self._memory.tables.streams.get(user_id) or Stream(user_id)

    def _stream(self, user_id: str) -> Stream:
        return self._memory.tables.streams.setdefault(user_id, Stream(user_id))


def _frames(fresh: Iterable[Notification]) -> Iterable[Sequence[Notification]]:
    """What each person's arrivals are."""
    by_person = defaultdict(list)
    for notification in fresh:
        by_person[notification.user_id].append(notification)
    return chain.from_iterable(in_frames(theirs) for theirs in by_person.values())


class FakeConnections:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, connection: Connection) -> None:
        self._memory.tables.connections[connection.id] = connection

    def renew(self, connection: Connection, now: datetime) -> None:
        self.add(connection)

    def remove(self, ids: Collection[str]) -> None:
        for id_ in ids:
            self._memory.tables.connections.pop(id_, None)

    def of_users(self, user_ids: Collection[str]) -> Sequence[Connection]:
        everyone = self._memory.tables.connections.values()
        return [connection for connection in everyone if connection.user_id in user_ids]


class FakeTickets:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, ticket: str, caller: Caller, expires_at: datetime) -> None:
        self._memory.tables.tickets[ticket] = caller, expires_at

    def redeem(self, ticket: str, now: datetime) -> Caller | None:
        caller, expires_at = self._memory.tables.tickets.pop(ticket, (None, now))
        return caller if expires_at > now else None


class FakeDeadLetters:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        table = self._memory.tables.dead_letters
        for letter in letters:
            same = [each for each in table.values() if each.fingerprint == letter.fingerprint]
            if not same:
                table[letter.id] = letter
            elif same[0].last_at < letter.last_at:
                table[same[0].id] = _died_again(same[0], letter)

    def get(self, letter_id: str) -> DeadLetter | None:
        return self._memory.tables.dead_letters.get(letter_id)

    def page(
        self, which: DeadLetterFilter, *, before: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        found = [each for each in self._sorted(which) if before is None or each.id < before]
        return [replace(each, body=b"", headers={}) for each in found[::-1][:limit]]

    def oldest(
        self, which: DeadLetterFilter, *, after: str | None, limit: int
    ) -> Sequence[DeadLetter]:
        found = [each for each in self._sorted(which) if after is None or each.id > after]
        sizes = accumulate(len(each.body) for each in found)
        fitting = sum(size <= BATCH_BYTES for size in sizes)
        return found[: min(limit, max(fitting, 1))]

    def remove(self, letters: Sequence[DeadLetter]) -> int:
        table = self._memory.tables.dead_letters
        read = {each.id: each.last_at for each in letters}
        unchanged = [each for each in table.values() if read.get(each.id) == each.last_at]
        for letter in unchanged:
            del table[letter.id]
        return len(unchanged)

    def count(self, which: DeadLetterFilter) -> int:
        return len(self._sorted(which))

    def _sorted(self, which: DeadLetterFilter) -> list[DeadLetter]:
        return sorted(
            (
                letter
                for letter in self._memory.tables.dead_letters.values()
                if which.reason in (None, letter.reason)
                and which.user_id in (None, letter.user_id)
                and (which.since is None or letter.id >= first_id_of(which.since))
                and (which.until is None or letter.id < first_id_of(which.until))
            ),
            key=lambda letter: letter.id,
        )


def _died_again(known: DeadLetter, letter: DeadLetter) -> DeadLetter:
    return replace(
        known,
        reason=letter.reason,
        error=letter.error,
        attempts=letter.attempts,
        last_at=letter.last_at,
        times=known.times + 1,
    )


class FakeQueue:
    """Keeps what was published, in its order."""

    def __init__(self) -> None:
        self.down = False
        self.away: set[str] = set()
        self.published: list[Message] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.check()
        for message in messages:
            if message.queue not in set(consumed_queues()) - self.away:
                raise QueueUnavailable(f"No queue takes {message.queue}.")
        self.published += messages

    def check(self) -> None:
        if self.down:
            raise QueueUnavailable("The queue does not answer.")

    def depths(self) -> Mapping[str, int]:
        published = Counter(message.queue for message in self.published)
        return {} if self.down else {name: published[name] for name in consumed_queues()}

    def take(self) -> list[Message]:
        """What was published since the last time."""
        taken, self.published = self.published, []
        return taken


class FakePusher:
    """Keeps the frames that it was given; `results` says what becomes of a connection's."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.hung_up: list[str] = []
        self.results: dict[str, PushResult] = {}

    def push(self, frames: Sequence[tuple[Connection, bytes]]) -> Sequence[PushResult]:
        self.frames += [(connection.id, json.loads(frame)) for connection, frame in frames]
        return [self.results.get(connection.id, PushResult.DONE) for connection, _ in frames]

    def hang_up(self, connections: Sequence[Connection]) -> None:
        self.hung_up += [connection.id for connection in connections]

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        """The connection and content of each frame since the last time."""
        taken, self.frames = self.frames, []
        return taken


class FakePasswords:
    """Hashes that anybody can read; counts comparisons."""

    def __init__(self) -> None:
        self.compared = 0

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def matches(self, password: str, password_hash: str | None) -> bool:
        self.compared += 1
        return password_hash == self.hash(password)


class FakeTokens:
    """Issues and verifies: remembers whom each token was given to."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._issued: dict[str, tuple[Caller, datetime]] = {}

    def issue(self, user: User) -> tuple[str, int]:
        token = f"token {len(self._issued)}"
        expires_at = self._clock() + timedelta(minutes=15)
        self._issued[token] = Caller(user.id, user.role), expires_at
        return token, 900

    def verify(self, token: str) -> tuple[Caller, datetime]:
        caller, expires_at = self._issued.get(token, (None, self._clock()))
        if caller is None or expires_at <= self._clock():
            raise InvalidToken("The token is not valid.")
        return caller, expires_at


class Fakes:
    """A whole Belfry of fakes, over one memory and one clock. Its names are those of `Deps`."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.clock = FakeClock()
        self.store = FakeStore(self.memory)
        self.users = FakeUsers(self.memory)
        self.recipients = FakeRecipients(self.memory)
        self.outbox = FakeOutbox(self.memory)
        self.backlog = FakeBacklog(self.memory)
        self.notifications = FakeNotifications(self.memory)
        self.inboxes = FakeInboxes(self.memory)
        self.counts = FakeCounts(self.memory)
        self.scheduled = FakeScheduled(self.memory)
        self.timers = FakeTimers(self.memory)
        self.pause = self.clock.advance
        self.monotonic = self.clock.monotonic
        self.connections = FakeConnections(self.memory)
        self.tickets = FakeTickets(self.memory)
        self.dead_letters = FakeDeadLetters(self.memory)
        self.people = FakePeople(self.memory)
        self.presence = FakePresence(self.memory)
        self.idempotency_keys = FakeIdempotencyKeys(self.memory)
        self.statistics = FakeStatistics(self.memory)
        self.broadcasts = FakeBroadcasts(self.memory)
        self.chunks = FakeChunks(self.memory, self.outbox)
        self.audiences = FakeAudiences(self.memory)
        self.subscriptions = FakeSubscriptions(self.memory)
        self.leavings = FakeLeavings(self.memory)
        self.queue = FakeQueue()
        self.pusher = FakePusher()
        self.passwords = FakePasswords()
        self.tokens = FakeTokens(self.clock)
        self.secrets = FakeSecrets()
        self.signing_keys = new_signing_keys(self.secrets)
        self.retry = RetryPolicy()

    def deps(self) -> Deps:
        tokens = {"token_issuer": self.tokens, "token_verifier": self.tokens}
        return Deps(**{**vars(self), **tokens})


def fake_deps() -> Deps:
    """What a handler needs, all of it fake."""
    return Fakes().deps()
