"""Makes the secrets of an installation in containers, once, and gives each service its own.

    runner/secrets.json, admin.json                 what the runner takes as its environment
    mongodb/keyfile, root-password, belfry-password
    rabbitmq/rabbitmq.conf

Each folder is a volume that only its service mounts. It runs as root, to give the files to the
users of the services, and without a network.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ROOT = 0
RUNNER = 10001
"""The user of local_runner/Dockerfile."""
MONGODB = RABBITMQ = 999
"""The users of the official images `mongo` and `rabbitmq`."""

OWNER_ONLY = 0o400
OWNER_AND_GROUP = 0o440

Chown = Callable[[Path, int, int], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """The secrets of one service, readable for its group and nobody else."""

    path: Path
    group: int
    chown: Chown = os.chown

    def prepare(self) -> None:
        self.path.mkdir(exist_ok=True)
        self.path.chmod(0o750)
        self.chown(self.path, ROOT, self.group)

    def write(self, name: str, content: str, *, owner: int, mode: int) -> None:
        """Put a file there at once and whole; one that stands there is replaced."""
        new = self.path / f"{name}.new"
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(content)
        new.chmod(mode)
        self.chown(new, owner, self.group)
        new.replace(self.path / name)

    def write_once(self, name: str, content: str, *, owner: int, mode: int) -> None:
        if not (self.path / name).exists():
            self.write(name, content, owner=owner, mode=mode)


def make(folder: Path, chown: Chown = os.chown) -> None:
    """Make what is missing under the folder, and keep what is there.

    Doing it again changes nothing. Raises OSError when a volume cannot be written.
    """
    runner = Folder(folder / "runner", RUNNER, chown)
    mongodb = Folder(folder / "mongodb", MONGODB, chown)
    rabbitmq = Folder(folder / "rabbitmq", RABBITMQ, chown)
    for each in (runner, mongodb, rabbitmq):
        each.prepare()
    environment = _environment(runner)
    admin = {"email": "admin@example.com", "password": secrets.token_urlsafe(12)}
    runner.write_once("admin.json", _as_json(admin), owner=ROOT, mode=OWNER_AND_GROUP)
    # mongod takes a key file that its own user alone can read; it holds base64.
    keyfile = b64encode(secrets.token_bytes(96)).decode()
    mongodb.write_once("keyfile", keyfile, owner=MONGODB, mode=OWNER_ONLY)
    root_password = secrets.token_hex(24)
    mongodb.write_once("root-password", root_password, owner=MONGODB, mode=OWNER_ONLY)
    password = _password(environment["MONGODB_URI"])
    mongodb.write("belfry-password", password, owner=MONGODB, mode=OWNER_ONLY)
    password = _password(environment["RABBITMQ_URL"])
    settings = f"default_user = belfry\ndefault_pass = {password}\n"
    rabbitmq.write("rabbitmq.conf", settings, owner=RABBITMQ, mode=OWNER_ONLY)


def _environment(runner: Folder) -> Mapping[str, str]:
    """The runner's secrets: those that it has, and new ones for what it lacks."""
    file = runner.path / "secrets.json"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    environment = {**_new_environment(), **kept}
    if environment != kept:
        runner.write("secrets.json", _as_json(environment), owner=ROOT, mode=OWNER_AND_GROUP)
    return environment


def _new_environment() -> Mapping[str, str]:
    """What local_runner/command/home.py makes elsewhere, and the addresses."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mongodb, rabbitmq = secrets.token_hex(24), secrets.token_hex(24)
    return {
        "TOKEN_PRIVATE_KEY": private.decode(),
        "TOKEN_PUBLIC_KEY": public.decode(),
        # Not Amazon's: they sign the pushes to our own gateway, which knows them too.
        "AWS_ACCESS_KEY_ID": "BELFRY" + secrets.token_hex(7).upper(),
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "AWS_REGION": "us-east-1",
        "MONGODB_URI": f"mongodb://belfry:{mongodb}@mongodb:27017/?replicaSet=belfry",
        "RABBITMQ_URL": f"amqp://belfry:{rabbitmq}@rabbitmq:5672/%2f",
    }


def _password(url: str) -> str:
    password = urlsplit(url).password
    assert password is not None
    return password


def _as_json(content: Mapping[str, str]) -> str:
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    make(Path(sys.argv[1]))
