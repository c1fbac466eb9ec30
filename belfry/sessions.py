"""Use cases: tickets, and WebSockets that open and close."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from belfry.errors import InvalidToken, StoreUnavailable
from belfry.model import Caller, Connection
from belfry.ports import Clock, Connections, Tickets

log = logging.getLogger(__name__)

TICKET_LIFETIME = timedelta(seconds=30)


def issue_ticket(caller: Caller, *, tickets: Tickets, clock: Clock) -> str:
    """A ticket that opens one WebSocket as the caller, within 30 seconds."""
    ticket = secrets.token_urlsafe(32)
    tickets.add(ticket, caller, expires_at=clock() + TICKET_LIFETIME)
    return ticket


def redeem_ticket(ticket: str, *, tickets: Tickets, clock: Clock) -> Caller:
    """Whose ticket it is. Raises InvalidToken for a used, expired or unknown one."""
    caller = tickets.redeem(ticket, clock())
    if caller is None:
        raise InvalidToken("The ticket is unknown, expired or used.")
    return caller


def connect(connection: Connection, *, connections: Connections) -> None:
    """Remember that a person has a WebSocket open."""
    connections.add(connection)


def heard_of(connection: Connection, *, connections: Connections, clock: Clock) -> None:
    """Go on remembering a WebSocket, also one that was forgotten meanwhile.

    Best effort: a store that is down is no reason to leave a ping without an answer.
    """
    try:
        connections.renew(connection, clock())
    except StoreUnavailable as error:
        log.warning("connection %s was not renewed: %s", connection.id, error)


def disconnect(connection_id: str, *, connections: Connections) -> None:
    """Forget a WebSocket. One that is unknown is no error."""
    connections.remove([connection_id])
