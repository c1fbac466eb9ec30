"""Consumes RabbitMQ's queues for the triggers, and connects again for ever when it breaks."""

from __future__ import annotations

import asyncio
import logging
from asyncio import FIRST_COMPLETED
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.exceptions import ChannelClosedByBroker

from local_runner.event_source import EventSource, Received

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.2  # seconds
LONGEST_PAUSE = 5.0
HEARTBEAT_SECONDS = 10
CONNECT_SECONDS = 5.0
LAST_WORDS_SECONDS = 1.0

AHEAD = 2
"""Batches that the broker may hand over unacknowledged: one is worked on, the next is here."""


EXAMPLE = "amqp://user:password@localhost:5672"


class BadAddress(Exception):
    """The address of the broker cannot be read; the message names the variable."""


class NotDeclared(Exception):
    """The queues cannot be declared now; the message says why."""


class RabbitSource:
    """One queue. Its channel is another one after each reconnection."""

    def __init__(self, name: str, virtual_host: str, batch_size: int) -> None:
        self.name = name
        self._virtual_host = virtual_host
        self._prefetch = AHEAD * batch_size
        self._channel: Any = None
        self._arrived: deque[Received] = deque()
        self._some = asyncio.Event()
        self.acknowledged = 0

    async def receive(self, most: int) -> Sequence[Received]:
        while not self._arrived:
            self._some.clear()
            await self._some.wait()
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    def acknowledge(self, batch: Sequence[Received]) -> None:
        receipt = batch[-1].receipt
        if receipt.is_valid:
            receipt.channel.basic_ack(receipt.tag, multiple=True)
            self.acknowledged += len(batch)

    def give_back(self, batch: Sequence[Received]) -> None:
        # Not by basic.nack: since RabbitMQ 4.3 only a rejection counts towards the delivery limit.
        # https://github.com/rabbitmq/rabbitmq-server/pull/15387
        for receipt in (each.receipt for each in batch):
            if receipt.is_valid:
                receipt.channel.basic_reject(receipt.tag, requeue=True)

    def forget(self) -> None:
        """Drop what is here: its channel has ended, and the broker brings it again."""
        self._arrived.clear()

    def consume(self, channel: Any) -> None:
        """Go on over this channel."""
        channel.basic_qos(prefetch_count=self._prefetch)
        channel.basic_consume(self.name, self._on_message)

    def _on_message(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._arrived.append(
            Received(
                body=body,
                headers=properties.headers or {},
                redelivered=method.redelivered,
                properties=_properties(properties),
                virtual_host=self._virtual_host,
                receipt=_Receipt(channel, method.delivery_tag),
            )
        )
        self._some.set()


@dataclass(frozen=True, slots=True)
class _Receipt:
    channel: Any
    tag: int

    @property
    def is_valid(self) -> bool:
        """Whether it can still be acknowledged; if not, the broker brings the message again."""
        return bool(self.channel.is_open)


def _properties(properties: Any) -> Mapping[str, Any]:
    at = properties.timestamp
    return {
        "contentType": properties.content_type,
        "contentEncoding": properties.content_encoding,
        "deliveryMode": properties.delivery_mode,
        "priority": properties.priority,
        "correlationId": properties.correlation_id,
        "replyTo": properties.reply_to,
        "expiration": properties.expiration,
        "messageId": properties.message_id,
        "timestamp": at.isoformat() if isinstance(at, datetime) else at,
        "type": properties.type,
        "userId": properties.user_id,
        "appId": properties.app_id,
        "clusterId": properties.cluster_id,
    }


def _words(reason: Exception) -> str:
    if isinstance(reason, ChannelClosedByBroker) and reason.reply_code == 404:
        return f"{reason.reply_text}: declare it"
    return str(reason) or repr(reason)  # pika's errors often say nothing but their kind


class RabbitConsumer:
    """A connection for each queue of a runner, on its event loop.

    Each its own, because a message that pika cannot decode ends the connection it comes over.
    """

    def __init__(
        self, url: str, batch_sizes: Mapping[str, int], declare: Callable[[], None]
    ) -> None:
        """`declare` sees to it that the queues are there, before every connection.

        It raises NotDeclared when it cannot.

        Raises:
            BadAddress: `url` is none.
        """
        try:
            self._parameters = pika.URLParameters(url)
        except Exception as error:  # of many kinds
            raise BadAddress(f"RABBITMQ_URL must look like {EXAMPLE}: {error}") from error
        self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = self._parameters.stack_timeout = CONNECT_SECONDS
        self.about = f"RabbitMQ at {self._parameters.host}:{self._parameters.port}"
        self._batch_sizes = batch_sizes
        self._declare = declare
        self._consuming: list[asyncio.Task[None]] = []

    def open(self) -> Mapping[str, EventSource]:
        """Begin to connect; answers the sources, by queue."""
        host = self._parameters.virtual_host
        sources = {name: RabbitSource(name, host, size) for name, size in self._batch_sizes.items()}
        self._consuming = [asyncio.create_task(self._consume(each)) for each in sources.values()]
        return sources

    async def close(self) -> None:
        """Hand over the last acknowledgements, and disconnect. RabbitMQ brings the rest again."""
        for task in self._consuming:
            task.cancel()
        if self._consuming:
            await asyncio.wait(self._consuming)

    async def _consume(self, source: RabbitSource) -> None:
        """Consume a queue over one connection after the other, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            acknowledged = source.acknowledged
            try:
                reason = await self._session(source)
            except Exception as error:
                # As a trigger: it must not end, whatever happens.
                log.exception("%s: consuming failed", source.name)
                reason = error
            made_progress = source.acknowledged > acknowledged
            pause = FIRST_PAUSE if made_progress else min(2 * pause, LONGEST_PAUSE)
            text = "%s: %s; connecting to %s again in %.1f s"
            log.warning(text, source.name, _words(reason), self.about, pause)
            await asyncio.sleep(pause)

    async def _session(self, source: RabbitSource) -> Exception:
        """Consume until the connection ends; answers why it did."""
        try:
            await asyncio.to_thread(self._declare)
        except NotDeclared as error:
            return error
        session = _Session(self._parameters, source)
        try:
            return await asyncio.shield(session.ended)
        except asyncio.CancelledError:
            await session.close()
            raise


class _Session:
    """One connection, from its beginning to its end. `ended` gets the reason."""

    def __init__(self, parameters: pika.ConnectionParameters, source: RabbitSource) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Exception] = loop.create_future()
        self._opened: asyncio.Future[None] = loop.create_future()
        self._source = source
        self._reason: Exception | None = None
        self._connection = AsyncioConnection(
            parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_end,
            on_close_callback=self._on_end,
            custom_ioloop=loop,
        )

    async def close(self) -> None:
        begun: list[asyncio.Future[Any]] = [self._opened, self.ended]
        # pika cannot leave in the middle of opening
        await asyncio.wait(begun, timeout=LAST_WORDS_SECONDS, return_when=FIRST_COMPLETED)
        self._close()
        await asyncio.wait([self.ended], timeout=LAST_WORDS_SECONDS)

    def _close(self) -> None:
        if not (self._connection.is_closing or self._connection.is_closed):
            self._connection.close()

    def _on_open(self, connection: Any) -> None:
        self._opened.set_result(None)
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Any) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_cancel_callback(self._on_cancelled)
        self._source.consume(channel)

    def _on_channel_closed(self, _: Any, reason: Exception) -> None:
        self._reason = self._reason or reason
        self._close()

    def _on_cancelled(self, _: Any) -> None:
        self._reason = RuntimeError("the queue was deleted")
        self._close()

    def _on_end(self, _: Any, reason: Exception) -> None:
        self._source.forget()
        if not self.ended.done():
            self.ended.set_result(self._reason or reason)
