"""`belfry doctor`: looks at every part, and says how to mend what is broken."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import urllib3

from belfry.errors import ConfigurationError, QueueUnavailable, SecretsUnavailable, StoreUnavailable
from belfry.settings import retry_policy
from belfry.topology import UNREADABLE
from belfry.wiring import Deps, declare_topology
from gateway.spec import SpecError, load_spec
from local_runner.address import PortTaken, listen
from local_runner.command.home import Home
from local_runner.command.project import OWN_SPEC
from local_runner.execution.function_files import LoadError
from local_runner.execution.thread_invoker import ThreadInvoker
from local_runner.servers.mongod import MongodError, find_mongod
from local_runner.servers.rabbitmq_program import RabbitmqError, find_rabbitmq

PORT = 8080


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of a part. `mend` says what to do; None when all is well."""

    part: str
    state: str
    mend: str | None = None


def examine(home: Home, environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Look at every part, one finding each, in the order in which they depend on one another."""
    yield Finding("Python", f"{platform.python_version()} in {sys.prefix}")
    yield _functions()
    addresses = {**(home.running() or {}), **environment}
    if "MONGODB_URI" not in addresses:
        yield _mongod()
    yield _runner(home)
    yield _rabbitmq(addresses)
    if "MONGODB_URI" not in addresses:
        return
    parts = Deps(environment={**home.environment(), **addresses})
    try:
        parts.settings.check()
    except (ConfigurationError, SecretsUnavailable) as error:
        yield Finding("settings", str(error), "Set the variable, or unset it for the default.")
        return
    yield _keys(parts)
    yield _mongodb(parts)


def _functions() -> Finding:
    try:
        spec = load_spec(OWN_SPEC)
        ThreadInvoker(spec.settings, root=OWN_SPEC.parent).load_all(spec.addresses())
    except (SpecError, LoadError) as error:
        return Finding("functions", str(error), "Make openapi.yaml and functions/ agree.")
    return Finding("functions", f"{len(spec.addresses())}, all as openapi.yaml declares them")


def _mongod() -> Finding:
    try:
        return Finding("mongod", f"the program is {find_mongod()}")
    except MongodError as error:
        return Finding("mongod", "the program is missing or unusable", str(error))


def _runner(home: Home) -> Finding:
    running = home.running()
    if running is None:
        return _port()
    url = running["url"]
    try:
        response = urllib3.request("GET", f"{url}/api/health", timeout=5.0, retries=False)
    except urllib3.exceptions.HTTPError:
        mend = "It was ended by force. Start it again with `make up`: nothing is lost."
        return Finding("runner", f"does not answer at {url}", mend)
    try:
        parts = dict(response.json())["parts"]
    except (ValueError, TypeError, KeyError):
        mend = "End that program, or start with another --port."
        return Finding("runner", f"another program answers at {url}", mend)
    states = ", ".join(f"{name} {state}" for name, state in parts.items())
    if response.status == 200:
        return Finding("runner", f"up at {url} ({states})")
    return Finding("runner", f"up at {url}, but {states}", "Look at its log.")


def _port() -> Finding:
    try:
        listen("127.0.0.1", PORT).close()
    except PortTaken as taken:
        mend = f"End what uses it, or start with `make up ARGS='--port {taken.free}'`."
        return Finding("runner", f"not started; port {PORT} is taken by another program", mend)
    return Finding("runner", f"not started; port {PORT} is free. Start it with `make up`.")


def _rabbitmq(environment: Mapping[str, str]) -> Finding:
    try:
        url = Deps(environment=environment).settings.rabbitmq_url
        if not url:
            return _unused_rabbitmq()
        parts = list(declare_topology(url, retry_policy(environment), dry_run=True))
    except (QueueUnavailable, SecretsUnavailable) as error:
        return Finding("RabbitMQ", str(error), "Is it running, and is RABBITMQ_URL right?")
    except ConfigurationError as error:
        return Finding("RabbitMQ", str(error), "Do what it says, and look again.")
    if missing := sum(part.was_missing for part in parts):
        state = f"answers, but {missing} of its exchanges, queues and bindings are missing"
        return Finding("RabbitMQ", state, "Run `belfry topology apply`.")
    if aside := sum(part.waiting for part in parts if part.part == f"queue {UNREADABLE}"):
        mend = "Not even the dead letters could take them: docs/operating.md says what to do."
        return Finding("RabbitMQ", f"answers, but {aside} messages are in {UNREADABLE}", mend)
    return Finding("RabbitMQ", "answers, and has all queues")


def _unused_rabbitmq() -> Finding:
    try:
        program = find_rabbitmq().server
    except RabbitmqError:
        return Finding("RabbitMQ", "not used and not installed: the queue is in memory")
    return Finding("RabbitMQ", f"not used; `belfry up --rabbitmq` would start {program}")


def _keys(parts: Deps) -> Finding:
    try:
        _ = parts.token_verifier, parts.token_issuer
    except ConfigurationError as error:
        return Finding("keys", str(error), "Put a key in PEM there, or unset it for the default.")
    return Finding("keys", "Ed25519, readable")


def _mongodb(parts: Deps) -> Finding:
    try:
        parts.store.check()
        count = len(list(parts.users.all()))
    except (ConfigurationError, StoreUnavailable) as error:
        return Finding("MongoDB", str(error), "Is it running, and is MONGODB_URI right?")
    return Finding("MongoDB", f"answers, {count} accounts")
