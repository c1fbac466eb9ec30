"""Publishes to RabbitMQ, confirmed, from any thread; what waits at the same moment goes together.

Whoever publishes drives the connection: there is no thread behind it, which Lambda would freeze
between invocations. Publishers that come meanwhile are served by the next round, all at once, so
under load a confirm does not cost each of them a round trip. Between rounds nobody answers
heartbeats; a connection that the broker closed for that is opened again within the call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from pika.adapters.select_connection import IOLoop

from belfry.adapters.rabbitmq.connection import (
    PATIENCE_SECONDS,
    Handover,
    Link,
    parameters,
)
from belfry.errors import QueueUnavailable
from belfry.ports import Message
from belfry.topology import consumed_queues

log = logging.getLogger(__name__)

KEPT_SECONDS = 1.0
"""For a connection that was kept: half of it, so that a new one can still be tried."""

LEAST_SECONDS = 0.25
"""With less time left a caller does not begin."""

SHUNNED = "RabbitMQ did not answer a moment ago."

PAUSE_SECONDS = 1.0
"""After a failure one caller at a time tries again, this often; the others fail at once."""


class RabbitQueue:
    """The port `Queue`. Messages go to the exchange `belfry`, their queue as the routing key."""

    def __init__(self, url: str) -> None:
        """Connects when first used. Raises ConfigurationError for an address that is none."""
        self._parameters = parameters(url)
        self._loop = IOLoop()
        self._link: Link | None = None
        self._closing: list[Link] = []
        self._turns = threading.Lock()
        self._waiting: list[Handover] = []
        self._led = False
        self._failed_at: float | None = None

    def publish(self, messages: Sequence[Message]) -> None:
        if messages:
            self._hand_over(Handover(messages))

    def check(self) -> None:
        self._hand_over(Handover(()))

    def depths(self) -> Mapping[str, int]:
        handover = Handover((), asked=consumed_queues())
        try:
            self._hand_over(handover)
        except QueueUnavailable as error:
            log.info("the depths of the queues are not known: %s", error)
        return handover.depths

    def close(self) -> None:
        """Close the connection, as far as the broker answers. Nothing may be published any more."""
        self._drop_link()
        deadline = time.monotonic() + KEPT_SECONDS
        for link in self._closing:
            link.wait_until_closed(deadline)
        self._loop.close()

    def _hand_over(self, handover: Handover) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._turns:
            if self._is_shunned():
                raise QueueUnavailable(SHUNNED)
            self._waiting.append(handover)
            if not self._led:
                self._led = handover.leads = True
        if not handover.leads and not handover.turn.wait(PATIENCE_SECONDS):
            self._leave(handover)
        if handover.leads:
            self._lead(deadline)
        if handover.error is not None:
            raise QueueUnavailable(handover.error)

    def _leave(self, handover: Handover) -> None:
        """Out of time: wait no more, unless the lead was handed over in this very moment."""
        with self._turns:
            if handover in self._waiting and not handover.leads:
                self._waiting.remove(handover)

    def _is_shunned(self) -> bool:
        """Whether the last round failed, and another try is too early or somebody else's turn."""
        if self._failed_at is None:
            return False
        return self._led or time.monotonic() < self._failed_at + PAUSE_SECONDS

    def _lead(self, deadline: float) -> None:
        """Publish all that waits, tell everybody, and hand the lead to one who came meanwhile."""
        with self._turns:
            round_, self._waiting = self._waiting, []
        broken = True
        try:
            broken = self._publish(round_, deadline)
        except Exception:
            # What is stored must be answered with 201 whatever goes wrong here. What pika left in
            # its loop goes with it.
            log.exception("publishing failed")
            self._loop.close()
            self._link, self._closing, self._loop = None, [], IOLoop()
        finally:
            for handover in round_:
                handover.turn.set()
            self._hand_on(broken=broken)

    def _hand_on(self, *, broken: bool) -> None:
        """Let one of those who came meanwhile lead; after a failure none of them need try."""
        with self._turns:
            self._failed_at = time.monotonic() if broken else None
            if broken:
                for handover in self._waiting:
                    handover.error = SHUNNED
                    handover.turn.set()
                self._waiting = []
            self._led = bool(self._waiting)
            if self._led:
                self._waiting[-1].leads = True  # it has the most time left
                self._waiting[-1].turn.set()

    def _publish(self, round_: Sequence[Handover], deadline: float) -> bool:
        """Publish over the kept connection, or else over a new one; answers whether both failed."""
        if time.monotonic() > deadline - LEAST_SECONDS:
            return False  # too late to tell a healthy connection from a broken one
        if self._link:
            self._link.publish(round_, min(deadline, time.monotonic() + KEPT_SECONDS))
            if self._link.error is None:
                return self._link.blocked
            self._drop_link()
        self._link = Link(self._parameters, self._loop)
        self._link.publish([each for each in round_ if each.error is not None], deadline)
        if self._link.error is None:
            return self._link.blocked
        log.warning("%s", self._link.error)
        self._drop_link()
        return True

    def _drop_link(self) -> None:
        """Let the connection close while the loop runs for the next one."""
        self._closing = [link for link in self._closing if not link.is_closed]
        if self._link:
            self._link.close()
            self._closing.append(self._link)
            self._link = None
