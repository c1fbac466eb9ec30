"""Identifiers as API Gateway makes them."""

import re
import secrets
import time
from base64 import urlsafe_b64encode
from random import getrandbits, randbytes

_CONNECTION_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def new_connection_id() -> str:
    """11 secure random bytes in base64, such as BFHPhfCWIAMCKlQ=; nobody can guess another's."""
    return urlsafe_b64encode(secrets.token_bytes(11)).decode("ascii")


def is_connection_id(text: str) -> bool:
    """Whether the text has the form of a connection id, existing or not."""
    return _CONNECTION_ID.fullmatch(text) is not None


# Requests and traces are named to be found again, not to be kept secret, and a call of the system's
# random source per request would cost a tenth of the throughput (it hands over to other threads).


def new_request_id() -> str:
    """The id of a request or a message, of the same form as a connection's."""
    return urlsafe_b64encode(randbytes(11)).decode("ascii")  # noqa: S311 - no secret


def new_trace_id() -> str:
    """An X-Amzn-Trace-Id value: the time in hexadecimal seconds, then 96 random bits."""
    return f"Root=1-{int(time.time()):08x}-{getrandbits(96):024x}"
