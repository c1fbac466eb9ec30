"""Where the suite runs: on stacks that are deployed somewhere, or on our runner in both modes.

docs/fidelity.md says what is proven, and how to run it on AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pika
import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.own_runner import Runners
from tests.conformance.sockets import Witness
from tests.conformance.stack import WAIT, Limits, Stack, eventually

DEPLOYED = "deployed"
CREDENTIALS = ("local", "local")
SHORT = Limits(integration=1.5, websocket_integration=1.5, authorizer=1.5, idle=2.5, connection=4.0)
QUEUES = ("defaults", "threes", "singles")

ADDRESSES = {
    "http-url": "the HTTP API of projects/full",
    "ws-url": "the WebSocket API of projects/full",
    "bare-http-url": "the HTTP API of projects/bare",
    "bare-ws-url": "the WebSocket API of projects/bare",
    "queues-ws-url": "the WebSocket API of projects/queues",
    "rabbitmq-url": "the broker of projects/queues, as amqp(s)://user:password@host",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "the conformance suite")
    for name, what in ADDRESSES.items():
        group.addoption(f"--{name}", metavar="URL", help=f"{what}, deployed")
    group.addoption(
        "--patient", action="store_true", help="wait for a deployed stack's limits: over two hours"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mode" not in metafunc.fixturenames:
        return
    modes = [DEPLOYED] if _given(metafunc.config, "http-url") else ["thread", "process"]
    if metafunc.definition.get_closest_marker("isolated") and "thread" in modes:
        modes.remove("thread")
    metafunc.parametrize("mode", modes, indirect=True, scope="session")


def _given(config: pytest.Config, name: str) -> str | None:
    # The options are unknown when this file was not there yet as pytest read its command line.
    address: str | None = config.getoption(name.replace("-", "_"), None)
    return address


@pytest.fixture(scope="session")
def mode(request: pytest.FixtureRequest) -> str:
    """How the functions run: `thread` and `process` are our runner, `deployed` is no runner."""
    found: str = request.param
    return found


@dataclass(frozen=True)
class Stacks:
    """Makes what the fixtures below give: our runners or deployed stacks, of one mode."""

    mode: str
    config: pytest.Config
    temporary: pytest.TempPathFactory
    opened: ExitStack
    runners: Runners

    def own(
        self, project: str, *options: str, limits: Limits | None = None, **environment: str
    ) -> Stack:
        """A runner of ours."""
        folder = self.temporary.mktemp(project)
        key, secret = CREDENTIALS
        environment |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
        url = self.runners.start(project, self.mode, folder, *options, **environment)
        websocket_url = f"{url.replace('http', 'ws', 1)}/prod"
        return self._stack(url, websocket_url, limits or Limits(), CREDENTIALS)

    def deployed(self, http: str | None, websocket: str) -> Stack:
        """The addresses that the options name; skips the test when they are not given."""
        found = [name and _given(self.config, name) for name in (http, websocket)]
        if not found[1] or (http and not found[0]):
            pytest.skip(f"--{websocket} names no deployed stack")
        return self._stack(found[0] or "", found[1], Limits(), None)

    def _stack(
        self, url: str, websocket_url: str, limits: Limits, credentials: tuple[str, str] | None
    ) -> Stack:
        http = self.opened.enter_context(httpx.Client(base_url=url, timeout=2 * WAIT))
        return Stack(url, websocket_url.rstrip("/"), limits, credentials, http)


@pytest.fixture(scope="session")
def stacks(
    mode: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stacks]:
    with ExitStack() as opened:
        runners = Runners()
        opened.callback(runners.end)
        yield Stacks(mode, pytestconfig, tmp_path_factory, opened, runners)


@pytest.fixture(scope="session")
def full(stacks: Stacks) -> Stack:
    """projects/full: everything that API Gateway offers is in use."""
    return stacks.deployed("http-url", "ws-url") if stacks.mode == DEPLOYED else stacks.own("full")


@pytest.fixture(scope="session")
def bare(stacks: Stacks) -> Stack:
    """projects/bare: nothing optional is there."""
    if stacks.mode == DEPLOYED:
        return stacks.deployed("bare-http-url", "bare-ws-url")
    return stacks.own("bare")


@pytest.fixture(scope="session")
def limited(stacks: Stacks) -> Stack:
    """projects/full with limits of seconds; a deployed stack keeps its own, for the patient."""
    if stacks.mode == DEPLOYED:
        if not stacks.config.getoption("patient", False):
            pytest.skip("takes as long as the stack's limits: --patient")
        return stacks.deployed("http-url", "ws-url")
    limits = {
        "integration_seconds": SHORT.integration,
        "websocket_integration_seconds": SHORT.websocket_integration,
        "authorizer_seconds": SHORT.authorizer,
        "idle_seconds": SHORT.idle,
        "connection_seconds": SHORT.connection,
        "sweep_seconds": 0.1,
    }
    options = [f"--limit={name}={value}" for name, value in limits.items()]
    stack = stacks.own("full", *options, limits=SHORT)
    eventually(lambda: _is_warm(stack))
    return stack


def _is_warm(stack: Stack) -> bool:
    """Whether a handshake fits into the short limits, which a cold start may exceed."""
    try:
        with stack.socket({}):
            return True
    except InvalidStatus:
        return False


@pytest.fixture(scope="session")
def throttled(stacks: Stacks) -> Stack:
    """projects/full where few requests and handshakes are allowed in a second."""
    if stacks.mode == DEPLOYED:
        pytest.skip("the rates of a deployed stack are not known here")
    rates = ("requests_per_second=2", "request_burst=3", "connections_per_second=3")
    return stacks.own("full", *(f"--limit={rate}" for rate in rates))


@pytest.fixture(scope="session")
def broker(mode: str, request: pytest.FixtureRequest) -> str:
    """The address of a RabbitMQ with the queues of projects/queues, which are empty."""
    url = _given(request.config, "rabbitmq-url")
    if url is None and mode == DEPLOYED:
        pytest.skip("--rabbitmq-url names no broker")
    url = url or str(request.getfixturevalue("rabbitmq_url"))
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for name in QUEUES:
            queue = f"conformance.{name}"
            channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_purge(queue)
    return url


@pytest.fixture(scope="session")
def queues(stacks: Stacks, broker: str) -> Stack:
    """projects/queues, consuming from the broker."""
    if stacks.mode == DEPLOYED:
        return stacks.deployed(None, "queues-ws-url")
    return stacks.own("queues", RABBITMQ_URL=broker)


@pytest.fixture
def witness(full: Stack) -> Iterator[Witness]:
    """An open connection to `full`, to which functions tell their events."""
    with full.socket({}) as socket:
        yield Witness(socket)
