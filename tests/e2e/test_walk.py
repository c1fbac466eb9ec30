"""The walk of a notification over HTTP and WebSocket; every answer is as openapi.yaml says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.declared import as_declared
from tests.runner import Belfry, ask, bearer, receive


@pytest.fixture(scope="module")
def ada(belfry: Belfry) -> tuple[dict[str, Any], str]:
    return belfry.person("ada")


def test_from_register_to_read(belfry: Belfry) -> None:
    account = {"username": "Grace", "email": " Grace@Example.com ", "password": "a long secret"}
    made = as_declared(belfry.http.post("/api/register", json=account), "/api/register")
    assert made["email"] == "grace@example.com"
    assert "secret" not in str(made)
    again = belfry.http.post("/api/register", json=account)
    assert as_declared(again, "/api/register")["status"] == 409

    login = {"email": "GRACE@example.com", "password": "a long secret"}
    token = as_declared(belfry.http.post("/api/login", json=login), "/api/login")["token"]
    assert as_declared(belfry.get("/api/me", token), "/api/me") == made

    admin = bearer(belfry.admin_token())
    content = {"title": "Build", "category": "ci", "priority": 5, "link": "/builds/1"}
    body = {"userId": made["id"], "message": "grün ✓", "data": {"build": 1}, **content}
    with belfry.socket(token) as phone, belfry.socket(token) as laptop:
        assert ask(phone, action="sync") == {"type": "ready", "seq": 0, "unreadCount": 0}
        created = belfry.http.post("/api/notifications", json=body, headers=admin)
        sent = as_declared(created, "/api/notifications")
        assert created.headers["location"] == f"/api/notifications/{sent['id']}"
        pushed = receive(phone)
        assert pushed == receive(laptop)
        assert (pushed["type"], pushed["seq"], pushed["unreadCount"]) == ("notification", 1, 1)
        came = {"seq": 1, "arrivedAt": pushed["at"]}
        assert pushed["notifications"] == [sent | came]

        listed = as_declared(belfry.get("/api/notifications", token), "/api/notifications")
        assert listed == {"items": [sent | came], "nextCursor": None, "unreadCount": 1}

        place = f"/api/notifications/{sent['id']}"
        read = belfry.http.put(place, headers=bearer(token))
        assert as_declared(read, "/api/notifications/{id}")["read"] is True
        told = receive(phone)
        assert told == receive(laptop)
        assert (told["type"], told["seq"], told["unreadCount"]) == ("read", 2, 0)
        assert told["ids"] == [sent["id"]]
        again = belfry.http.put(place, headers=bearer(token))  # idempotent: nobody is told
        assert again.json() == read.json()

        answer = ask(phone, action="read", id=sent["id"], read=False, ref="7")
        frames = sorted([answer, receive(phone)], key=lambda frame: str(frame["type"]))
        assert frames[0] == {"type": "done", "id": sent["id"], "read": False, "ref": "7"}
        assert (frames[1]["type"], frames[1]["seq"]) == ("unread", 3)
        one = as_declared(belfry.get(place, token), "/api/notifications/{id}")
        assert "readAt" not in one

    with belfry.socket(token) as returned:
        missed = ask(returned, action="sync", since=1)
        assert missed["recovered"] is True
        assert [event["type"] for event in missed["events"]] == ["read", "unread"]
        assert (missed["seq"], missed["unreadCount"], missed["more"]) == (3, 1, False)
        assert ask(returned, action="sync", since=99)["recovered"] is False


def test_pages_lead_through_the_whole_inbox(
    belfry: Belfry, ada: tuple[dict[str, Any], str]
) -> None:
    admin = bearer(belfry.admin_token())
    with belfry.socket(ada[1]) as device:
        ask(device, action="sync")
        sent = []
        for number in range(7):
            body = {"userId": ada[0]["id"], "message": f"number {number}"}
            sent.append(belfry.http.post("/api/notifications", json=body, headers=admin).json())
        arrived = 0
        while arrived < len(sent):
            arrived += len(receive(device)["notifications"])
    belfry.http.put(f"/api/notifications/{sent[0]['id']}", headers=bearer(ada[1]))

    path: str | None = "/api/notifications?limit=3&unread=true"
    found = []
    while path:
        page = belfry.get(path, ada[1])
        found += as_declared(page, "/api/notifications")["items"]
        path = page.links.get("next", {}).get("url")

    assert [item["id"] for item in found] == [item["id"] for item in reversed(sent[1:])]


@pytest.mark.parametrize(
    ("frame", "pointers"),
    [
        ("not json", None),
        ("[]", None),
        ("{}", ["/action"]),
        ('{"action": "dance"}', ["/action"]),
        ('{"action": {"$gt": ""}}', ["/action"]),
        ('{"action": "read"}', ["/id"]),
        ('{"action": "read", "id": {"$gt": ""}}', ["/id"]),
        ('{"action": "read", "id": "x", "read": "yes"}', ["/read"]),
        ('{"action": "sync", "since": -1}', ["/since"]),
        ('{"action": "sync", "since": 1e99}', ["/since"]),
        ('{"action": "sync", "surprise": 1}', ["/surprise"]),
        ("[" * 20_000, None),
    ],
)
def test_a_broken_frame_gets_an_error_and_the_socket_stays_open(
    belfry: Belfry, ada: tuple[dict[str, Any], str], frame: str, pointers: list[str] | None
) -> None:
    with belfry.socket(ada[1]) as socket:
        socket.send(frame)
        answer = receive(socket)
        assert (answer["type"], answer["status"]) == ("error", 400)
        assert [e["pointer"] for e in answer.get("errors", [])] == (pointers or [])
        assert ask(socket, action="ping", ref="still here") == {"type": "pong", "ref": "still here"}


def test_health_names_the_parts(belfry: Belfry) -> None:
    health = as_declared(belfry.http.get("/api/health"), "/api/health")
    assert health == {"status": "ok", "parts": {"mongodb": "ok", "queue": "ok"}}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("PATCH", "/api/me"),
        ("GET", "/api/notifications/"),
        ("HEAD", "/api/me"),
    ],
)
def test_an_unknown_path_or_method_is_the_gateways_404(
    belfry: Belfry, method: str, path: str
) -> None:
    answer = belfry.http.request(method, path)
    assert answer.status_code == 404
    assert method == "HEAD" or answer.json() == {"message": "Not Found"}


@pytest.mark.parametrize("path", ["/", "/admin", "/docs", "/openapi.yaml", "/web/app.js"])
def test_pages_are_served_with_a_content_security_policy(belfry: Belfry, path: str) -> None:
    page = belfry.http.get(path)
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
