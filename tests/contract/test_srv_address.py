"""MongoDB at a `mongodb+srv://` address, while the DNS answers, refuses and is silent."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Callable, Iterator
from threading import Thread

import dns.message
import dns.rcode
import dns.resolver
import pytest

from belfry.adapters.mongo.database import CONNECT_MS, Database
from belfry.errors import ConfigurationError, StoreUnavailable
from belfry.wiring import Deps

URI = "mongodb+srv://user:hidden@cluster.belfry.example/"


class NameServer(socketserver.UDPServer):
    """Answers every question with `rcode`, or with nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Question)
        self.rcode: dns.rcode.Rcode | None = None


class _Question(socketserver.BaseRequestHandler):
    server: NameServer

    def handle(self) -> None:
        content, socket = self.request
        if self.server.rcode is not None:
            answer = dns.message.make_response(dns.message.from_wire(content))
            answer.set_rcode(self.server.rcode)
            socket.sendto(answer.to_wire(), self.client_address)


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """The one that this process asks."""
    with NameServer() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        before, dns.resolver.default_resolver = dns.resolver.default_resolver, resolver
        yield server
        dns.resolver.default_resolver = before
        server.shutdown()
        thread.join()


@pytest.fixture
def parts() -> Iterator[Deps]:
    database = Database.connect(URI, "belfry")
    yield Deps(database=database)
    database.client.close()


def test_a_dns_that_is_down_is_unavailable_and_asked_again(
    name_server: NameServer, parts: Deps
) -> None:
    name_server.rcode = dns.rcode.SERVFAIL
    asks: list[Callable[[], object]] = [
        parts.store.check,
        parts.database.migrate,
        lambda: parts.users.by_id("ada"),
    ]
    for ask in asks:
        with pytest.raises(StoreUnavailable):
            ask()
    name_server.rcode = dns.rcode.NXDOMAIN
    with pytest.raises(ConfigurationError):
        parts.store.check()


def test_a_dns_that_is_silent_is_unavailable_within_the_time_of_a_function(
    name_server: NameServer, parts: Deps
) -> None:
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        parts.store.check()
    assert time.monotonic() - started < CONNECT_MS / 1000 + 2


def test_a_name_that_is_not_there_is_a_wrong_address(name_server: NameServer, parts: Deps) -> None:
    name_server.rcode = dns.rcode.NXDOMAIN
    with pytest.raises(ConfigurationError, match=r"MONGODB_URI .*cluster\.belfry\.exam") as raised:
        parts.store.check()
    assert "hidden" not in str(raised.value)
