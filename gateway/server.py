"""How uvicorn is to serve the gateway: its settings, and a WebSocket protocol that can let go."""

from functools import partial
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from gateway.limits import Limits
from gateway.websocket_api import ABORT

_FAREWELL_SECONDS = 15.0


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with API Gateway's frame limit and an end for clients that do not read.

    uvicorn closes a connection by waiting for its last bytes to be read; a client that never reads
    would keep it for ever.
    """

    def __init__(self, limits: Limits, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn.max_fragment_size = limits.frame_bytes

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][ABORT] = self._abort  # type: ignore[assignment]

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self.loop.call_later(_FAREWELL_SECONDS, self._abort)

    def _abort(self) -> None:
        self.transport.abort()


def uvicorn_settings(limits: Limits, trusted_proxies: str | None = None) -> dict[str, Any]:
    """Keyword arguments for `uvicorn.Config`, to be extended by host and port.

    `limits` are those of the gateway that is served: what a frame and a message may hold.
    `trusted_proxies`: addresses or networks, with commas between them, or `*`. What comes from
    there is taken to come from the client that its X-Forwarded-For names.

    No per-message deflate and no pings of the server, because API Gateway has neither; no access
    log, because addresses of WebSockets hold tickets.
    """
    return {
        "http": "httptools",
        "loop": "auto",
        "ws": partial(GatewayWebSocketProtocol, limits),
        "ws_max_size": limits.message_bytes,
        "ws_per_message_deflate": False,
        "ws_ping_interval": None,
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": trusted_proxies,
        "timeout_graceful_shutdown": 5,
    }
