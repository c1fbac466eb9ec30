"""Which route a WebSocket message takes, by the API's route selection expression."""

import json
from typing import Any

from gateway.spec_form import WebSocketApi, WebSocketRoute

DEFAULT = "$default"


class MessageRouter:
    """API Gateway developer guide, "Create routes for WebSocket APIs"."""

    def __init__(self, form: WebSocketApi) -> None:
        self._path = form.route_selection_expression.removeprefix("$request.body.").split(".")
        # A client cannot reach $connect and $disconnect by naming them.
        self._routes = {key: route for key, route in form.routes.items() if not key.startswith("$")}
        self._default = form.routes.get(DEFAULT)

    def select(self, text: str) -> tuple[str, WebSocketRoute | None]:
        """The route's key and the route; None when nothing fits and there is no $default."""
        key = self._key(text)
        route = self._routes.get(key)
        return (DEFAULT, self._default) if route is None else (key, route)

    def _key(self, text: str) -> str:
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        for name in self._path:
            if not isinstance(value, dict) or name not in value:
                return ""
            value = value[name]
        return value if isinstance(value, str) else json.dumps(value)
