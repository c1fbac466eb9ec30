"""The containers themselves: what they may do, who may read their secrets, how large they are."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from belfry.topology import consumed_queues
from tests.compose.system import RUNNERS, System

pytestmark = pytest.mark.compose

SERVERS = ("edge", "runner", "mongodb", "rabbitmq", "aws")
IMAGE_BYTES = 250_000_000


def of_each(system: System, *services: str) -> dict[str, dict[str, Any]]:
    """What Docker says about a container of each service."""
    return {each: system.inspect(system.containers(each)[0]) for each in services}


def test_only_edge_and_emulator_have_a_port_and_only_on_this_machine(system: System) -> None:
    published = {
        service: [
            place
            for places in container["NetworkSettings"]["Ports"].values() or ()
            if places
            for place in places
        ]
        for service, container in of_each(system, *SERVERS).items()
    }
    assert published.pop("edge") == [{"HostIp": "127.0.0.1", "HostPort": str(system.port)}]
    assert published.pop("aws") == [{"HostIp": "127.0.0.1", "HostPort": str(system.aws_port)}]
    assert not any(published.values())


def test_only_the_runners_reach_what_keeps_the_data(system: System) -> None:
    networks = {
        service: {name.rpartition("_")[2] for name in container["NetworkSettings"]["Networks"]}
        for service, container in of_each(system, *SERVERS).items()
    }
    assert networks.pop("edge") == {"front"}
    assert networks.pop("runner") == {"front", "back"}
    assert networks.pop("aws") == {"back", "emulator"}
    assert all(where == {"back"} for where in networks.values())


def test_no_server_has_a_capability_or_gets_new_privileges(system: System) -> None:
    for service, container in of_each(system, *SERVERS).items():
        host = container["HostConfig"]
        assert host["CapDrop"] == ["ALL"], service
        assert not host["CapAdd"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service


@pytest.mark.parametrize("service", ["edge", "runner", "mongodb", "rabbitmq"])
def test_a_server_does_not_run_as_root(system: System, service: str) -> None:
    uids = system.in_service(service, "sh", "-c", "cat /proc/1/status").split("Uid:")[1].split()[:4]
    assert "0" not in uids


@pytest.mark.parametrize("service", ["edge", "runner"])
def test_the_file_system_is_read_only(system: System, service: str) -> None:
    script = "touch /etc/x /app/x 2>&1 || true"
    said = system.in_service(service, "sh", "-c", script)
    assert "Read-only file system" in said
    assert of_each(system, service)[service]["HostConfig"]["ReadonlyRootfs"]


def test_each_service_can_read_its_own_secrets_and_nobody_else_can(system: System) -> None:
    listing = system.compose(
        "run", "--rm", "--no-deps", "-T", "secrets",
        "find", "/secrets", "-mindepth", "1", "-printf", "%P %m %U %G\\n",
    )  # fmt: skip
    found = {line.split()[0]: tuple(line.split()[1:]) for line in listing.splitlines()}
    assert found == {
        "runner": ("750", "0", "10001"),
        "runner/secrets.json": ("440", "0", "10001"),
        "runner/admin.json": ("440", "0", "10001"),
        "mongodb": ("750", "0", "999"),
        "mongodb/keyfile": ("400", "999", "999"),
        "mongodb/root-password": ("400", "999", "999"),
        "mongodb/belfry-password": ("400", "999", "999"),
        "rabbitmq": ("750", "0", "999"),
        "rabbitmq/rabbitmq.conf": ("400", "999", "999"),
    }


def test_starting_again_keeps_the_secrets(system: System) -> None:
    before = system.secrets()
    system.compose("run", "--rm", "--no-deps", "-T", "secrets")
    read = "import pathlib; print(pathlib.Path('/secrets/runner/secrets.json').read_text())"
    after = system.compose("run", "--rm", "--no-deps", "-T", "secrets", "python", "-c", read)
    assert json.loads(after) == before


def test_no_secret_is_in_a_log_or_in_an_environment(system: System) -> None:
    secrets = system.secrets()
    hidden = [secrets["AWS_SECRET_ACCESS_KEY"], system.admin()["password"]]
    hidden += [urlsplit(secrets[name]).password or "" for name in ("MONGODB_URI", "RABBITMQ_URL")]
    assert all(hidden)
    logs = system.logs()
    inspected = json.dumps(of_each(system, *SERVERS))
    for secret in hidden:
        assert secret not in logs
        assert secret not in inspected


def test_mongodb_lets_nobody_in_without_a_password(system: System) -> None:
    said = system.in_service(
        "mongodb", "mongosh", "--quiet", "--eval",
        "try { db.getSiblingDB('belfry').users.countDocuments({}); print('let in') } "
        "catch (error) { print(error.codeName) }",
    )  # fmt: skip
    assert said.strip() in {"Unauthorized", "AuthenticationRequired"}


def test_belfry_has_its_own_database_and_no_other(system: System) -> None:
    script = (
        "import json, pymongo\n"
        "client = pymongo.MongoClient(json.load(open('/data/secrets.json'))['MONGODB_URI'])\n"
        "print(client.admin.command('connectionStatus')['authInfo']['authenticatedUserRoles'])"
    )
    assert system.in_service("runner", "python", "-c", script).strip() == (
        "[{'role': 'readWrite', 'db': 'belfry'}]"
    )


def test_rabbitmq_knows_no_guest(system: System) -> None:
    users = json.loads(
        system.in_service(
            "rabbitmq", "rabbitmqctl", "--silent", "--formatter", "json", "list_users"
        )
    )
    assert [user["user"] for user in users] == ["belfry"]


def test_the_images_own_layers_are_small(system: System) -> None:
    layers = system.docker(
        "history",
        "--no-trunc",
        "--human=false",
        "--format",
        "{{.Size}} {{.CreatedBy}}",
        system.image,
    ).splitlines()
    # The newest first; the base ends with its own command.
    base = next(at for at, layer in enumerate(layers) if 'CMD ["python3"]' in layer)
    own = sum(int(layer.split()[0]) for layer in layers[:base])
    print(f"own layers: {own / 1e6:.0f} MB")
    assert own < IMAGE_BYTES


def test_the_runner_reaches_what_answers_for_aws(system: System) -> None:
    script = (
        "import os, urllib.request\n"
        "print(urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/moto-api/').status)"
    )
    assert system.in_service("runner", "python", "-c", script).strip() == "200"


def test_the_topology_stands_on_rabbitmq_and_its_queues_are_consumed(system: System) -> None:
    listed = json.loads(
        system.in_service(
            "rabbitmq", "rabbitmqctl", "--silent", "--formatter", "json",
            "list_queues", "name", "type", "consumers",
        )
    )  # fmt: skip
    found = {queue["name"]: queue for queue in listed}
    for name in consumed_queues():
        assert found[name]["type"] == "quorum"
        assert found[name]["consumers"] == RUNNERS
