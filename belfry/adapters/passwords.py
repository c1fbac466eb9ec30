"""Passwords by argon2id, with the parameters that OWASP recommends."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


class Argon2Passwords:
    """argon2id with t=2, m=19 MiB, p=1 (OWASP Password Storage Cheat Sheet): about 18 ms."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._nobody = self._hasher.hash("no password of anybody")

    def hash(self, password: str) -> str:
        """A salted hash in the PHC string format."""
        return self._hasher.hash(password)

    def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password. Without a hash it works as long, and answers no."""
        try:
            self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None
