"""How large an event and an answer may be on Lambda, and an event's way into JSON."""

import json

from gateway.invoker import Event, RequestTooLarge

EVENT_BYTES = 6 * 1024 * 1024
"""Lambda's quota of a synchronous invocation's payload."""
ANSWER_BYTES = EVENT_BYTES + 100
"""What Lambda takes as an answer (AWS's Runtime Interface Emulator has this number)."""
_BYTES_OF_A_CHARACTER = 12
"""In JSON, at most: two surrogates, escaped."""


def surely_fits(characters: int) -> bool:
    """Whether so many characters are few enough, however they are written in JSON."""
    return characters < EVENT_BYTES // _BYTES_OF_A_CHARACTER


def to_json(event: Event) -> bytes:
    """The event as Lambda would carry it.

    Raises:
        RequestTooLarge: it has more than 6 MB.
    """
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    payload = text.encode(errors="replace")
    if len(payload) > EVENT_BYTES:
        raise RequestTooLarge(f"an event of {len(payload)} bytes; Lambda takes {EVENT_BYTES}")
    return payload


def check_size(event: Event) -> None:
    """The same check, at little cost for an event that is small: only its body can be large.

    Raises:
        RequestTooLarge: it has more than 6 MB.
    """
    body = event.get("body")
    if isinstance(body, str) and not surely_fits(len(body)):
        to_json(event)
