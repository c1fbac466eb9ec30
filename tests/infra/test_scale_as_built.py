"""The simulation reckons with what the clients, the dispatcher and openapi.yaml do."""

from __future__ import annotations

import re
from pathlib import Path

from belfry.client.timing import BACKOFF
from gateway.spec import load_spec
from infra.scale.broadcast import HEARTBEAT_SECONDS
from infra.scale.crowd import Retries
from infra.scale.delivery import BATCH
from infra.scale.reconnect import POLL_SECONDS, POLLS_AT_ONCE, PROBE_SECONDS, TIMES_BLOCKED
from infra.scale.system import Deployment

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "web" / "client"
SPEC = load_spec(ROOT / "openapi.yaml")


def seconds(name: str) -> float:
    found = re.search(rf"\b{name}: ([\d_]+),", (CLIENT / "timing.js").read_text(encoding="utf-8"))
    assert found
    return int(found[1].replace("_", "")) / 1000


def test_devices_wait_as_both_clients_do() -> None:
    assert (Retries().first, Retries().longest) == (seconds("firstWait"), seconds("longestWait"))
    assert (Retries().first, Retries().longest) == (BACKOFF.first, BACKOFF.longest)
    assert seconds("heartbeat") == HEARTBEAT_SECONDS


def test_pages_poll_as_the_client_does() -> None:
    assert (seconds("poll"), seconds("probe")) == (POLL_SECONDS, PROBE_SECONDS)
    connection = (CLIENT / "connection.js").read_text(encoding="utf-8")
    assert f"const ENOUGH_BLOCKED = {TIMES_BLOCKED};" in connection
    assert SPEC.functions["inbox.events"].concurrency == POLLS_AT_ONCE


def test_the_deployment_is_that_of_openapi_yaml() -> None:
    queues = [each for each in SPEC.queues.values() if each.function == "dispatch.deliver"]
    assert len(queues) == Deployment().shards
    assert {each.batch_size for each in queues} == {BATCH}
    for function in ("dispatch.deliver", "dispatch.fan_out"):
        assert SPEC.functions[function].memory_megabytes == Deployment().megabytes
