"""The person of the smoke test, and what happens to them: a method for each step."""

from __future__ import annotations

import secrets
import time
from typing import Any

from belfry.client import Belfry, ClientError, Notification, Problem
from belfry.client.http import Http
from infra.smoke.device import Device, Frame, ids_of
from infra.smoke.step import Failed, Limits

UNAUTHORIZED = 401
MADE_UP = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
LONGEST_POLL_SECONDS = 25
WELCOME = "A smoke test: if you can read this, it did not clean up."


class Trial:
    """Each method answers what it saw, and raises Failed or ClientError."""

    def __init__(
        self, url: str, websocket_url: str | None, email: str, password: str, limits: Limits
    ) -> None:
        """`email` and `password` are an administrator's. Raises ValueError for a wrong address."""
        self.address = f"smoke-{secrets.token_hex(8)}@example.com"
        self.is_there = False
        """Whether the person may have an account."""
        self._password = secrets.token_urlsafe(18)
        self._limits = limits
        self._http = Http(url, websocket_url=websocket_url)
        self._admin = Belfry.log_in(url, email, password)
        self._admin_email = email
        self._person = Belfry.log_in(url, self.address, self._password)
        self._id = ""
        self._device: Device | None = None
        self._seq = 0
        self._first: Notification
        self._second: Notification
        self._sent_at = 0.0

    def close(self) -> None:
        """Let go of all connections."""
        self._close_device()
        for each in (self._http, self._admin, self._person):
            each.close()

    def health(self) -> str:
        try:
            parts = self._http.call("GET", "/api/health")["parts"]
        except Problem as problem:
            away = [name for name, state in _parts(problem).items() if state != "ok"]
            if not away:
                raise
            raise Failed(f"{' and '.join(away)} cannot be reached") from None
        return ", ".join(parts)

    def stranger(self) -> str:
        try:
            self._http.call("GET", "/api/me", {"authorization": f"Bearer {MADE_UP}"})
        except Problem as problem:
            if problem.status == UNAUTHORIZED:
                return str(UNAUTHORIZED)
            raise Failed(f"it is answered with {problem.status}, not {UNAUTHORIZED}") from None
        raise Failed("it is let in")

    def administrator(self) -> str:
        role = self._admin.request("GET", "/api/me")["role"]
        if role != "admin":
            raise Failed(f"{self._admin_email} is no administrator")
        return self._admin_email

    def register(self) -> str:
        self.is_there = True  # also when the answer does not come
        body = {"username": "Smoke test", "email": self.address, "password": self._password}
        # Without a key, so never twice: the second time would say that the address is taken.
        self._id = self._http.call("POST", "/api/register", json=body)["id"]
        return self.address

    def log_in(self) -> str:
        if self._person.request("GET", "/api/me")["id"] != self._id:
            raise Failed("the token is somebody else's")
        return ""

    def connect(self) -> str:
        frame = self._open(since=None)
        if (frame.get("type"), frame.get("unreadCount")) != ("ready", 0):
            raise Failed(f"a new inbox answers {frame}")
        self._seq = frame["seq"]
        return self._http.websocket_url

    def send(self) -> str:
        self._sent_at = time.monotonic()
        self._first = self._admin.send(self._id, WELCOME, title="Smoke test")
        return self._first.id

    def arrival(self) -> str:
        try:
            at, frame = self._event("notification", self._first)
        except Failed as failed:
            raise Failed(f"{failed}. Its trace says: {self._trace()}") from None
        self._seq = frame["seq"]
        return f"{(at - self._sent_at) * 1000:.0f} ms after it was posted"

    def inbox(self) -> str:
        if self._person.get(self._first.id).message != WELCOME:
            raise Failed("the message is another one")
        _expect_unread(self._person.counts([{"unread": True}]).unread_count, 1)
        return "1 unread"

    def read(self) -> str:
        _expect_unread(self._person.read(self._first.id).unread_count, 0)
        _, frame = self._event("read", self._first)
        _expect_unread(frame["unreadCount"], 0)
        self._seq = frame["seq"]
        return "0 unread"

    def poll(self) -> str:
        self._close_device()
        self._second = self._admin.send(self._id, WELCOME, title="Smoke test, 2")
        wait = max(1, min(LONGEST_POLL_SECONDS, int(self._limits.frame)))
        query = {"since": str(self._seq), "wait": str(wait)}
        frame = self._person.request("GET", "/api/inbox/events", query=query)
        self._expect_second(frame)
        return ""

    def reconnect(self) -> str:
        self._expect_second(self._open(since=self._seq))
        return ""

    def withdraw(self) -> str:
        self._admin.withdraw(self._second.id)
        self._event("withdrawn", self._second)
        return ""

    def leave(self) -> str:
        is_sure, self.is_there = bool(self._id), False
        self._close_device()
        try:
            self._person.leave()
        except Problem as problem:
            if problem.status == UNAUTHORIZED and not is_sure:
                return "nobody had come"
            raise
        self._expect_gone()
        return self.address

    def _open(self, since: int | None) -> Frame:
        """A new socket, and the answer to its first question."""
        ticket = self._person.request("POST", "/api/realtime/tickets")["ticket"]
        self._device = Device(self._http.websocket_url, ticket)
        return self._device.sync(since, self._limits.frame)

    def _close_device(self) -> None:
        if self._device:
            self._device.close()

    def _event(self, kind: str, about: Notification) -> tuple[float, Frame]:
        assert self._device  # opened by a step before
        return self._device.event(kind, about.id, self._limits.frame)

    def _trace(self) -> str:
        try:
            return self._admin.trace(self._first.id).where
        except ClientError as error:
            return str(error)

    def _expect_second(self, frame: Frame) -> None:
        if not frame.get("recovered"):
            raise Failed(f"too much was missed since {self._seq}: {frame}")
        missed = [id_ for event in frame["events"] for id_ in ids_of(event)]
        if self._second.id not in missed:
            raise Failed(f"{self._second.id} is not among what was missed: {missed or 'nothing'}")

    def _expect_gone(self) -> None:
        body = {"email": self.address, "password": self._password}
        try:
            self._http.call("POST", "/api/login", json=body)
        except Problem as problem:
            if problem.status == UNAUTHORIZED:
                return
            raise
        raise Failed("the account is still there")


def _parts(problem: Problem) -> dict[str, Any]:
    return dict(problem.answer.get("parts", {}))


def _expect_unread(found: int, expected: int) -> None:
    if found != expected:
        raise Failed(f"{found} are unread, and not {expected}")
