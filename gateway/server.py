"""How uvicorn is to serve the gateway: its settings."""

from functools import partial
from typing import Any

from gateway.http_protocol import GatewayHttpProtocol
from gateway.limits import Limits
from gateway.websocket_protocol import GatewayWebSocketProtocol


def uvicorn_settings(limits: Limits, trusted_proxies: str | None = None) -> dict[str, Any]:
    """Keyword arguments for `uvicorn.Config`, to be extended by host and port.

    `limits` are those of the gateway that is served: what a frame, a message and a head may hold,
    and how long a client may take.
    `trusted_proxies`: addresses or networks, with commas between them, or `*`. What comes from
    there is taken to come from the client that its X-Forwarded-For names.

    No per-message deflate and no pings of the server, because API Gateway has neither; no access
    log, because addresses of WebSockets hold tickets.
    """
    return {
        "http": partial(GatewayHttpProtocol, limits),
        "loop": "auto",
        "ws": partial(GatewayWebSocketProtocol, limits),
        "ws_max_size": limits.message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
        "access_log": False,
        "log_config": None,  # its lines go where all others go
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": trusted_proxies,
        "timeout_graceful_shutdown": 5,
    }
