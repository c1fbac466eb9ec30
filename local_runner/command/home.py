"""The runner's folder, `.local`: the data, the keys and the administrator of this installation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ADMIN_EMAIL = "admin@example.com"


@dataclass(frozen=True, slots=True)
class Admin:
    """The first administrator, made when the installation was."""

    email: str
    password: str = field(repr=False)


class Home:
    """What an installation keeps. Files with secrets can be read by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._secrets = folder / "secrets.json"
        self._admin = folder / "admin.json"
        self._running = folder / "running.json"

    @property
    def mongod(self) -> Path:
        return self.folder / "mongod"

    @property
    def rabbitmq(self) -> Path:
        return self.folder / "rabbitmq"

    def environment(self) -> Mapping[str, str]:
        """The settings that this installation made for itself, at its first start."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._secrets.exists():
            _write(self._secrets, _new_secrets())
        return _read(self._secrets)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever started here."""
        return not self._admin.exists()

    def admin(self) -> Admin:
        """The administrator, made at the first start."""
        if self.is_new:
            made = Admin(ADMIN_EMAIL, secrets.token_urlsafe(12))
            _write(self._admin, {"email": made.email, "password": made.password})
        return Admin(**_read(self._admin))

    def running(self) -> Mapping[str, str] | None:
        """Where the runner of this folder is (`url`, `MONGODB_URI`), or None when it is not up."""
        return _read(self._running) if self._running.exists() else None

    def started(self, where: Mapping[str, str]) -> None:
        """Let the other commands find the runner."""
        _write(self._running, where)

    def stopped(self) -> None:
        """The runner is not there any more."""
        self._running.unlink(missing_ok=True)


def _new_secrets() -> Mapping[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "TOKEN_PRIVATE_KEY": private.decode(),
        "TOKEN_PUBLIC_KEY": public.decode(),
        # Not Amazon's: they sign the pushes to our own gateway, which knows them too.
        "AWS_ACCESS_KEY_ID": "BELFRY" + secrets.token_hex(7).upper(),
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "AWS_REGION": "us-east-1",
    }


def _write(file: Path, content: Mapping[str, str]) -> None:
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(content, indent=2) + "\n")
    new.replace(file)


def _read(file: Path) -> dict[str, str]:
    content: dict[str, str] = json.loads(file.read_text())
    return content
