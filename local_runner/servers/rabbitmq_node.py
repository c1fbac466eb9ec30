"""What makes a broker of our own: its name, its user and its ports, kept in its folder."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from local_runner.servers.loopback import HOST, comes_free, free_ports

ERLANG_ARGUMENTS = (
    "-kernel inet_dist_use_interface {127,0,0,1} "  # otherwise it listens on all addresses
    "-rabbit disk_free_limit 50000000 "  # bytes; with less it takes nothing until there is room
    "-ra wal_max_size_bytes 64000000"  # as its guide advises for machines with little memory
)


@dataclass(frozen=True, slots=True)
class Node:
    """One broker. Its data belong to its name, so the name never changes."""

    name: str
    user: str
    password: str
    amqp_port: int = 0
    distribution_port: int = 0
    epmd_port: int = 0

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The node of the folder, a new one if there is none."""
        file = folder / "node.json"
        if file.exists():
            return cls(**json.loads(file.read_text()))
        return cls(f"belfry-{secrets.token_hex(4)}@localhost", "belfry", secrets.token_urlsafe(24))

    def with_free_ports(self) -> Self:
        """The same ports if all of them can be had, else others."""
        ports = self.amqp_port, self.distribution_port, self.epmd_port
        if all(port and comes_free(port) for port in ports):
            return self
        new = free_ports(len(ports))
        return replace(self, amqp_port=new[0], distribution_port=new[1], epmd_port=new[2])

    @property
    def uri(self) -> str:
        return f"amqp://{self.user}:{self.password}@{HOST}:{self.amqp_port}/%2f"

    def keep(self, folder: Path) -> None:
        """Write what the node needs to start into its folder, for its owner's eyes only."""
        _write(folder / "node.json", json.dumps(asdict(self), indent=2) + "\n")
        _write(folder / "enabled_plugins", "[].\n")
        (folder / "no_plugins").mkdir(exist_ok=True)
        cookie = folder / ".erlang.cookie"
        if not cookie.exists():
            _write(cookie, secrets.token_hex(20))

    def environment(self, folder: Path) -> Mapping[str, str]:
        """All that the server sees of the environment: nothing of the machine's own RabbitMQ."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # the Erlang cookie is there
            # The start script then becomes the server, instead of a parent that waits for it.
            "RUNNING_UNDER_SYSTEMD": "true",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self.amqp_port),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
            "RABBITMQ_DEFAULT_USER": self.user,
            "RABBITMQ_DEFAULT_PASS": self.password,
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": str(folder / "rabbitmq.log"),
            "RABBITMQ_LOG": "warning",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            # Empty: the more plugins lie around, the longer each start takes.
            "RABBITMQ_PLUGINS_DIR": str(folder / "no_plugins"),
            # None of these exist. Otherwise those of the machine's own would be read; and reading
            # any at all would take another second.
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        }


def _write(file: Path, content: str) -> None:
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(content)
    new.replace(file)
