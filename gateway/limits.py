"""How much and how long: API Gateway's quotas, and what one connection may hold in memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds. The defaults are API Gateway's quotas, except where said otherwise."""

    requests_per_second: float = 10_000.0
    """Requests, messages and pushes together, as an account has them; 0: as many as come."""
    request_burst: int = 5_000
    """How many of them may come at once, before the rate counts."""
    payload_bytes: int = 10 * 1024 * 1024
    invocation_bytes: int = 6 * 1024 * 1024
    """Lambda's: an event as JSON."""
    request_head_bytes: int = 10_240
    """Request line and header values together."""
    integration_seconds: float = 30.0
    authorizer_seconds: float = 10.0
    head_seconds: float = 20.0
    """Ours: how long a client may take to begin a request, or a handshake, and to send its head."""
    body_seconds: float = 60.0
    """Ours: how long it may then take to send the body."""
    send_seconds: float = 30.0
    """Ours: how long an answer may wait for a client that does not read. One that reads slowly has
    to take 8 KB in that time; systems report what was read late, so 100 KB is on the safe side."""
    authorizer_cache_entries: int = 10_000
    """Ours: answers of authorizers that are kept; the least recently used goes first."""

    connections_per_second: int = 500
    """New WebSocket connections; 0: as many as come."""
    websocket_url_characters: int = 4_096
    """Of the address that a client opens: scheme, host, path and query together."""
    websocket_integration_seconds: float = 29.0
    message_bytes: int = 128 * 1024
    frame_bytes: int = 32 * 1024
    idle_seconds: float = 600.0
    connection_seconds: float = 7200.0
    authorizer_result_bytes: int = 8 * 1024
    """Of a WebSocket authorizer's answer."""

    queued_messages: int = 256
    """Ours: messages that wait for one client to read."""
    queued_bytes: int = 1024 * 1024
    """Ours: their size together."""
    close_seconds: float = 5.0
    """Ours: how long a client that does not read may keep a connection that is being closed."""
    sweep_seconds: float = 5.0
    """Ours: how often idle and old connections are looked for."""
