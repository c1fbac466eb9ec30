"""A connection to RabbitMQ, driven by whoever publishes: there is no thread behind it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pika
from pika.adapters.select_connection import IOLoop
from pika.exceptions import AMQPError

from belfry.adapters.rabbitmq.depths import DepthQuestion
from belfry.errors import ConfigurationError
from belfry.model import new_id
from belfry.ports import Message
from belfry.topology import EXCHANGE, wait_exchange

logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it would tell is in our errors

PATIENCE_SECONDS = 2.0
"""For a whole call; then the outbox has the message."""

HEARTBEAT_SECONDS = 60
PERSISTENT = 2
GLANCE_SECONDS = 0.05
"""For looking whether an alarm is over."""

SLOW = "RabbitMQ does not answer in time."
BLOCKED = "RabbitMQ takes nothing: it has a memory or disk alarm."


@dataclass(slots=True, eq=False)
class Handover:
    """What one caller publishes, or nothing to see only whether the broker answers.

    `asked` are queues whose depths the caller wants to know, and `depths` what the broker told.
    `error` becomes None when all of it is confirmed; `refusal` is what a broker says against it.
    """

    messages: Sequence[Message]
    error: str | None = SLOW
    refusal: str | None = None
    turn: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    asked: Sequence[str] = ()
    depths: Mapping[str, int] = field(default_factory=dict)


class Link:
    """A connection with one channel in confirm mode. `error` says why it is of no use any more."""

    def __init__(self, parameters: pika.ConnectionParameters, loop: IOLoop) -> None:
        self.error: str | None = None
        self._loop = loop
        self._channel: Any = None
        self.blocked = False
        """Whether the broker has a memory or disk alarm: it reads nothing until that is over."""
        self._ready = self._abandoned = False
        self._tag = self._question = 0
        # By delivery tag, what is not confirmed yet; by a negative number, what is not answered.
        self._open: dict[int, Handover] = {}
        self._sent: dict[str, Handover] = {}  # by message id: of this round
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_closed,
            on_close_callback=self._on_closed,
            custom_ioloop=loop,
        )

    def publish(self, round_: Sequence[Handover], deadline: float) -> None:
        """Publish and wait for the confirms; each handover's `error` tells what became of it.

        While the broker is blocked nothing is sent: it would come later, and be one copy more.
        """
        if self.blocked:
            self._loop_until(self._is_clear, time.monotonic() + GLANCE_SECONDS)
        self._run(lambda: self._ready, deadline)
        self._sent.clear()
        for handover in round_:
            if self._hindrance is None:
                self._send(handover)
            else:
                handover.refusal = self._hindrance
        self._run(lambda: not self._open, deadline)
        unconfirmed = set(self._open.values())
        for handover in round_:
            hindrance = self._hindrance if handover in unconfirmed else None
            handover.error = handover.refusal or hindrance
            handover.refusal = None

    @property
    def _hindrance(self) -> str | None:
        return self.error or (BLOCKED if self.blocked else None)

    def _is_clear(self) -> bool:
        return self.error is not None or not self.blocked

    @property
    def is_closed(self) -> bool:
        return bool(self._connection.is_closed)

    def close(self) -> None:
        """Begin to close; what is only opening does so when it is open, or fails by itself.

        pika raises from its loop when a connection is closed in the middle of opening.
        """
        self._abandoned = True
        if self._connection.is_open:
            self._connection.close()

    def wait_until_closed(self, deadline: float) -> None:
        self._loop_until(lambda: self.is_closed, deadline)

    def _send(self, handover: Handover) -> None:
        try:
            for message in handover.messages:
                self._send_message(message, handover)
            if not handover.messages:
                self._send_question(handover)
        except AMQPError as error:
            handover.refusal = self.error = told(error)

    def _send_question(self, handover: Handover) -> None:
        self._question -= 1
        self._open[self._question] = handover
        if handover.asked:
            counted = partial(self._on_depths, self._question)
            DepthQuestion(self._connection, handover.asked, counted)
        else:
            answered = partial(self._on_answer, self._question)
            self._channel.exchange_declare(EXCHANGE, passive=True, callback=answered)

    def _send_message(self, message: Message, handover: Handover) -> None:
        id_ = new_id()
        properties = pika.BasicProperties(
            content_type="application/json",
            delivery_mode=PERSISTENT,
            headers=dict(message.headers),
            message_id=id_,
        )
        exchange = wait_exchange(message.delay) if message.delay > 0 else EXCHANGE
        self._channel.basic_publish(
            exchange, message.queue, message.body, properties, mandatory=True
        )
        self._tag += 1
        self._open[self._tag] = self._sent[id_] = handover

    def _run(self, done: Callable[[], bool], deadline: float) -> None:
        """Let it work until that is done, or it is hindered, or out of time, which breaks it."""
        if not self._loop_until(lambda: self._hindrance is not None or done(), deadline):
            self.error = SLOW

    def _loop_until(self, done: Callable[[], bool], deadline: float) -> bool:
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            timer = self._loop.call_later(left, self._loop.stop)
            self._loop.start()  # until a callback stops it
            self._loop.remove_timeout(timer)
        return True

    def _on_open(self, connection: Any) -> None:
        if self._abandoned:
            connection.close()
            return
        connection.add_on_connection_blocked_callback(partial(self._on_blocked, True))
        connection.add_on_connection_unblocked_callback(partial(self._on_blocked, False))
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=self._on_ready)

    def _on_ready(self, _: Any) -> None:
        self._ready = True
        self._loop.stop()

    def _on_blocked(self, blocked: bool, *_: Any) -> None:
        self.blocked = blocked
        self._loop.stop()

    def _on_depths(self, question: int, answer: DepthQuestion) -> None:
        if handover := self._open.get(question):
            handover.depths = answer.depths
        self._on_answer(question, None)

    def _on_answer(self, question: int, _: Any) -> None:
        self._open.pop(question, None)
        self._loop.stop()

    def _on_confirm(self, frame: Any) -> None:
        tag, nacked = frame.method.delivery_tag, frame.method.NAME == "Basic.Nack"
        tags = [each for each in self._open if 0 < each <= tag] if frame.method.multiple else [tag]
        for each in tags:
            handover = self._open.pop(each, None)
            if handover and nacked:
                handover.refusal = "RabbitMQ refused a message: is a queue full?"
        if not self._open:
            self._loop.stop()

    def _on_return(self, _: Any, method: Any, properties: Any, __: bytes) -> None:
        handover = self._sent.get(properties.message_id)
        if handover:
            handover.refusal = f"No queue takes {method.routing_key}: run `belfry topology apply`."

    def _on_closed(self, _: Any, reason: Exception) -> None:
        self.error = self.error or told(reason)
        self._loop.stop()


def parameters(url: str) -> pika.ConnectionParameters:
    """How to connect. Raises ConfigurationError for an address that is none."""
    if not url.startswith(("amqp://", "amqps://")):
        raise ConfigurationError("RABBITMQ_URL does not begin with amqp:// or amqps://")
    try:
        found = pika.URLParameters(url)
    except ValueError:  # its words may hold a part of the password
        raise ConfigurationError(
            "RABBITMQ_URL is not usable. Its form is amqp://user:password@host:port/vhost, with "
            "special characters percent-encoded"
        ) from None
    found.heartbeat = HEARTBEAT_SECONDS
    found.connection_attempts = 1
    found.socket_timeout = found.stack_timeout = PATIENCE_SECONDS
    return found


def told(reason: Exception) -> str:
    """Why a connection or a channel ended, for people."""
    text = reason_of(reason)
    if text.startswith("NOT_FOUND"):
        return f"{text}: run `belfry topology apply`."
    return f"RabbitMQ cannot be reached: {text}."


def reason_of(reason: Exception) -> str:
    """The same in the words of the broker or the system, without what pika wraps around it."""
    while isinstance(
        cause := getattr(reason, "exception", None) or next(iter(reason.args), None), Exception
    ):
        reason = cause
    return getattr(reason, "reply_text", "") or str(reason) or type(reason).__name__
