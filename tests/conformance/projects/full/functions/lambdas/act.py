"""Does what the body of the request says."""

import json
from typing import Any

from ..acts import act


def handler(event: dict[str, Any], context: Any) -> Any:
    return act(json.loads(event["body"]), context)
