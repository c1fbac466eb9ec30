"""Identifiers as API Gateway makes them, from the system's secure random numbers."""

import re
import time
from base64 import urlsafe_b64encode
from os import urandom

_CONNECTION_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def new_id() -> str:
    """A request, message or connection id: 11 random bytes in base64, such as BFHPhfCWIAMCKlQ=."""
    return urlsafe_b64encode(urandom(11)).decode("ascii")


def is_connection_id(text: str) -> bool:
    """Whether the text has the form of a connection id, existing or not."""
    return _CONNECTION_ID.fullmatch(text) is not None


def new_trace_id() -> str:
    """An X-Amzn-Trace-Id value: the time in hexadecimal seconds, then 96 random bits."""
    return f"Root=1-{int(time.time()):08x}-{urandom(12).hex()}"
