"""$disconnect: tells its event to the witness."""

from typing import Any

from ..witness import tell


def handler(event: dict[str, Any], context: Any) -> None:
    tell(event["requestContext"].get("authorizer", {}).get("witness"), {"disconnect": event})
