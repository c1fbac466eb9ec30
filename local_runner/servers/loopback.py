"""Ports on 127.0.0.1, for the servers that the runner starts."""

import random
import socket
import time
from itertools import islice

HOST = "127.0.0.1"
LINGER_SECONDS = 3.0


def is_listening(port: int) -> bool:
    """Whether anything accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def comes_free(port: int) -> bool:
    """Whether a server can bind the port, now or when one that has just ended has let go."""
    deadline = time.monotonic() + LINGER_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_free(port: int) -> bool:
    """Whether a server could bind the port now."""
    with socket.socket() as probe:
        # As servers do, so that connections of the last run in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports that are free at this moment.

    They lie below those that Linux and macOS hand out by themselves, so that no connection of
    another program takes one while its server restarts.
    """
    some = random.SystemRandom().sample(range(20_000, 32_768), 1_000)
    return list(islice(filter(is_free, some), count))
