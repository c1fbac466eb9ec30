"""What a queue trigger needs of a queue, whichever kind it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Received:
    """A message that waits to be acknowledged.

    `properties` are its other basic properties (AMQP 0-9-1), by their names in an `aws:rmq` event;
    `virtual_host` is its queue's; `receipt` is what its source knows it by.
    """

    body: bytes
    headers: Mapping[str, Any] = field(default_factory=dict)
    redelivered: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    virtual_host: str = "/"
    receipt: Any = None


class EventSource(Protocol):
    """One queue, consumed by one trigger."""

    async def receive(self, most: int) -> Sequence[Received]:
        """Wait for messages; answers at least one and at most `most`, in their order."""

    def acknowledge(self, batch: Sequence[Received]) -> None:
        """They are done with. A batch is acknowledged or given back before a later one."""

    def give_back(self, batch: Sequence[Received]) -> None:
        """They come again, in their order, marked as redelivered."""


class Consumer(Protocol):
    """All queues of a runner. It belongs to the event loop that opens it."""

    about: str
    """Which it is, for people."""

    def open(self) -> Mapping[str, EventSource]:
        """The sources, by queue."""

    async def close(self) -> None:
        """Nothing is received any more; what was acknowledged stays so."""
