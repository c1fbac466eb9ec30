"""Where a runner listens, and how others reach it."""

from __future__ import annotations

import errno
import socket

PORTS_TO_TRY = 20
BACKLOG = 2048


class CannotListen(Exception):
    """The address cannot be served on; the message says which, and why."""


class PortTaken(CannotListen):
    """Something listens there already. `free` is a port that could be used instead, or None."""

    def __init__(self, host: str, port: int, free: int | None) -> None:
        hint = f" Port {free} is free: --port {free}" if free else ""
        super().__init__(f"Port {port} on {host} is taken by another program.{hint}")
        self.port = port
        self.free = free


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on, before anything else is started. Port 0 takes any that is free.

    Raises:
        CannotListen: PortTaken, or the host cannot be served on.
    """
    try:
        return _listen(host, port)
    except OSError as error:
        message = f"{host}, port {port}, cannot be served on: {error}"
        raise CannotListen(message) from error


def _listen(host: str, port: int) -> socket.socket:
    for candidate in range(port, min(port + PORTS_TO_TRY, 65536)):
        listening = _bind(host, candidate)
        if listening is not None and candidate == port:
            return listening
        if listening is not None:
            listening.close()
            raise PortTaken(host, port, candidate)
    raise PortTaken(host, port, None)


def _bind(host: str, port: int) -> socket.socket | None:
    """A listening socket, or None when the port is taken. Raises OSError for a wrong host."""
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    try:
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return None


def url_of(host: str, port: int) -> str:
    """Where a program on this machine reaches what is served on `host`."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # not bound here
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def own_address(host: str) -> str:
    """Where other runners reach this one. Only one that serves on all addresses has others."""
    if host != "0.0.0.0":  # noqa: S104  # not bound here
        return host
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return host
