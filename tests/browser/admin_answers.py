"""The API as the console sees it, answered in the browser: always the same, or broken at will."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Request, Route

WEB = Path(__file__).parents[2] / "web"
URL = "http://belfry.test"

Json = dict[str, Any]
Answer = tuple[int, Any] | Callable[["Call"], tuple[int, Any]]

ADMIN = {"id": "019ab3c2-7f00-7c3e-9a51-0242ac120001", "username": "Mina Harker", "role": "admin"}
ADMIN |= {"email": "admin@example.com", "createdAt": "2026-01-05T10:20:30.123Z"}
HOSTILE = '<img src=x onerror="alert(1)"><b>bold</b> \x07 \u202e'


def at(**ago: float) -> str:
    """A moment so long ago; a negative one is to come."""
    return text_of(datetime.now(UTC) - timedelta(**ago))


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(number: int, name: str, role: str = "user") -> Json:
    id_ = f"019ab3c2-7f00-7c3e-9a51-0000000{number:05}"
    email = f"{name.split()[0].lower()}@example.com"
    return {"id": id_, "username": name, "email": email, "role": role, "createdAt": at(days=9)}


PEOPLE = [
    user(number, name)
    for number, name in enumerate(
        ["Ada Lovelace", "Alan Turing", "Annie Easley", "Grace Hopper", "Katherine Johnson"]
    )
]


def notification(number: int, message: str, **fields: Any) -> Json:
    id_ = f"019ab3c2-8d11-7a40-8f7e-0000000{number:05}"
    base: Json = {"id": id_, "userId": PEOPLE[0]["id"], "message": message, "priority": 3}
    base |= {"read": False, "archived": False, "pinned": False}
    return base | {"createdAt": at(hours=1), "arrivedAt": at(hours=1)} | fields


def broadcast(number: int, message: str, state: str, **fields: Any) -> Json:
    id_ = f"019ab3c2-9e11-7a40-8f7e-0000000{number:05}"
    base: Json = {"id": id_, "to": {"kind": "everybody"}, "message": message, "priority": 3}
    base |= {"state": state, "createdAt": at(minutes=number + 1)}
    return base | {"accepted": 0, "delivered": 0, "failed": 0} | fields


def letter(number: int, reason: str, error: str, **fields: Any) -> Json:
    id_ = f"019ab3c2-9f02-7b11-9c4e-0000000{number:05}"
    base: Json = {"id": id_, "queue": "belfry.deliver.1", "reason": reason, "error": error}
    base |= {"attempts": 3, "times": 1, "firstAt": at(minutes=9), "lastAt": at(minutes=8)}
    base |= {"buriedAt": at(minutes=8), "bodyBytes": 57, "userId": PEOPLE[1]["id"]}
    return base | {"notificationId": notification(number, "")["id"]} | fields


def page(*items: Json, cursor: str | None = None) -> Json:
    return {"items": [*items], "nextCursor": cursor}


def trace(**fields: Any) -> Json:
    steps = [
        {"step": "accepted", "at": at(minutes=5)},
        {"step": "queued", "at": at(minutes=5, seconds=-0.003), "by": "api"},
        attempt(1, at(minutes=5, seconds=-0.008), failed=1, error="1 of 2 devices was not reached"),
        {"step": "queued", "at": at(minutes=5, seconds=-0.009), "by": "retry"},
        attempt(2, at(minutes=5, seconds=-1.02), pushed=2),
        {"step": "dispatched", "at": at(minutes=5, seconds=-1.02)},
        {"step": "acknowledged", "at": at(minutes=4)},
    ]
    where = "Pushed to 2 devices, and acknowledged by one."
    base = {"id": notification(1, "")["id"], "userId": PEOPLE[0]["id"], "state": "dispatched"}
    return base | {"where": where, "steps": steps} | fields


def attempt(number: int, moment: str, **counts: Any) -> Json:
    none = {"pushed": 0, "gone": 0, "failed": 0, "refused": 0}
    return {"step": "attempt", "at": moment, "number": number} | none | counts


def statistics(accepted: int = 0, **fields: Any) -> Json:
    """A quarter of an hour with ups and downs, and `accepted` in the bucket before this one."""
    step = timedelta(seconds=10)
    now = datetime.now(UTC)
    last = datetime.fromtimestamp(now.timestamp() // 10 * 10, UTC)
    buckets = [bucket(last - step * back, back) for back in range(1, 88)]
    if accepted:
        buckets[0] |= {"accepted": accepted, "delivered": accepted}
    queues = [{"name": f"belfry.deliver.{shard}", "waiting": 12 * shard} for shard in range(2)]
    queues += [{"name": "belfry.fanout", "waiting": 1}, {"name": "belfry.dead", "waiting": 0}]
    base = {"now": at(), "bucketSeconds": 10, "buckets": buckets[::-1], "queues": queues}
    online = {"people": 214, "connections": 371}
    return base | {"online": online, "deadLetters": 3} | fields


def bucket(moment: datetime, number: int) -> Json:
    wave = math.sin(number / 9)
    accepted = int(110 + 45 * wave) + number * 37 % 23 if number % 61 else 0
    failed = accepted // 5 if 30 < number < 36 else 0
    latency = {"p50": 11.0 + number % 5, "p99": 55 + 22 * wave + number * 29 % 19}
    counts = {"accepted": accepted, "delivered": accepted - failed, "failed": failed}
    return {"at": text_of(moment), **counts, "latency": latency if accepted else None}


@dataclass
class Call:
    """A call that the console has made."""

    method: str
    path: str
    query: Json
    headers: Json
    body: Any


@dataclass
class Answers:
    """What is answered to which call; what has no answer is 404. `calls` are those of the API."""

    table: dict[str, Answer] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def serve(self, route: Route) -> None:
        """For `context.route`: a file of the page, or an answer of the API."""
        path = urlsplit(route.request.url).path
        if not path.startswith("/api/"):
            file = WEB.parent / path.removeprefix("/")
            route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)
            return
        call = _call(route.request)
        self.calls.append(call)
        status, body = self._answer(call)
        if status == 0:
            route.abort()
        else:
            text = "" if body is None else json.dumps(body)
            route.fulfill(status=status, body=text, content_type="application/json")

    def of(self, method: str, path: str) -> list[Call]:
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    def _answer(self, call: Call) -> tuple[int, Any]:
        answer = self.table.get(f"{call.method} {call.path}")
        if answer is None:
            return 404, {"detail": "There is no such thing.", "status": 404}
        return answer(call) if callable(answer) else answer


def _call(request: Request) -> Call:
    address = urlsplit(request.url)
    body = json.loads(request.post_data) if request.post_data else None
    return Call(request.method, address.path, dict(parse_qsl(address.query)), request.headers, body)


def refused(status: int, detail: str, *errors: tuple[str, str]) -> tuple[int, Json]:
    """A problem (RFC 9457) with what is wrong with each field."""
    listed = [{"pointer": pointer, "detail": text} for pointer, text in errors]
    return status, {"type": "urn:belfry:problem:x", "detail": detail, "errors": listed}


def full() -> Answers:
    """A Belfry in which there is something in each view."""
    return Answers(
        {
            "GET /api/me": (200, ADMIN),
            "POST /api/login": (200, {"token": "signed", "tokenType": "Bearer", "expiresIn": 900}),
            "GET /api/users": _found,
            "POST /api/notifications": lambda call: (201, notification(7, "sent") | call.body),
            "POST /api/broadcasts": (202, broadcast(7, "sent", "running")),
            "GET /api/scheduled": (200, page(*_scheduled())),
            "GET /api/broadcasts": (200, page(*_broadcasts())),
            f"GET /api/notifications/{notification(1, '')['id']}/trace": (200, trace()),
            "GET /api/dead-letters": (200, page(*_letters(), cursor="further")),
            f"GET /api/dead-letters/{letter(0, '', '')['id']}": (200, _whole()),
            "GET /api/online": (200, _online()),
            "GET /api/statistics": lambda _: (200, statistics()),
        }
    )


def _found(call: Call) -> tuple[int, Json]:
    text = call.query.get("search", "").lower()
    fits = [one for one in PEOPLE if one["username"].lower().startswith(text)]
    return 200, page(*fits[: int(call.query["limit"])])


def _scheduled() -> list[Json]:
    return [
        notification(1, "The maintenance begins in an hour.", title="Maintenance", priority=4)
        | {"category": "operations", "deliverAt": at(minutes=-25), "expiresAt": at(hours=-6)},
        notification(2, HOSTILE, deliverAt=at(days=-2), link="/status"),
    ]


def _broadcasts() -> list[Json]:
    counts = {"total": 10_000, "accepted": 9_200, "delivered": 8_420, "failed": 3}
    done = {"total": 1_284, "accepted": 1_284, "delivered": 1_284}
    topic = {"kind": "topic", "topic": "releases"}
    return [
        broadcast(1, "Doors close at eight today.", "running", title="Closing early", **counts),
        broadcast(2, "2.4 is out.", "finished", to=topic, link="https://example.com/2.4", **done),
        broadcast(3, "Happy new year!", "scheduled", deliverAt=at(days=-3), priority=2),
        broadcast(4, HOSTILE, "withdrawn", to={"kind": "users"}, total=3),
    ]


def _letters() -> list[Json]:
    unknown = "There is no notification with this id."
    return [
        letter(0, "push-failed", "1 of 2 devices did not take it.", times=2),
        letter(1, "unknown-notification", unknown, attempts=0),
        letter(2, "unreadable", f"No JSON: {HOSTILE}", attempts=0, userId=None),
    ]


def _whole() -> Json:
    body = '{"notificationId":"019ab3c2-8d11-7a40-8f7e-0242ac120002"}'
    more = {"headers": {"x-source": "billing"}, "body": body, "bodyEncoding": "utf-8"}
    return _letters()[0] | more | {"bodyIsCut": False, "deliveryState": "failed"}


def _online() -> Json:
    items: list[Any] = [
        {"user": one, "connections": [{"id": f"c{index}", "connectedAt": at(minutes=index * 7)}]}
        for index, one in enumerate([ADMIN, *PEOPLE])
    ]
    items[1]["connections"].append({"id": "c9", "connectedAt": at(hours=1.5)})
    return page(*items) | {"people": 6, "connections": 7}
