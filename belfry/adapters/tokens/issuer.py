"""Signs tokens."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from belfry.adapters.tokens import ALGORITHM, AUDIENCE, ISSUER
from belfry.adapters.tokens.keys import private_key_in, thumbprint
from belfry.errors import ConfigurationError, SecretsUnavailable
from belfry.model import User, new_id
from belfry.ports import Clock

log = logging.getLogger(__name__)

LIFETIME = timedelta(minutes=15)

SAME_KEY_SECONDS = 300.0
"""How long a key is used until it is read again."""


class JwtIssuer:
    """Signs tokens. Only functions that issue tokens have the private key.

    `read_again` gives the key as it is now, so that an old one is out of use soon after a rotation.
    """

    def __init__(
        self,
        private_key: str,
        clock: Clock,
        read_again: Callable[[], str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key = _named(private_key)
        self._clock = clock
        self._read_again = read_again
        self._monotonic = monotonic
        self._next_look = monotonic() + SAME_KEY_SECONDS

    def issue(self, user: User) -> tuple[str, int]:
        """A token for this person, and its lifetime in seconds."""
        self._look_again()
        kid, key = self._key
        now = self._clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user.id,
            "role": user.role.value,
            "jti": new_id(),
            "iat": now,
            "exp": now + LIFETIME,
        }
        token = jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid})
        return token, int(LIFETIME.total_seconds())

    def _look_again(self) -> None:
        now = self._monotonic()
        if self._read_again is None or now < self._next_look:
            return
        self._next_look = now + SAME_KEY_SECONDS
        try:
            self._key = _named(self._read_again())
        except (ConfigurationError, SecretsUnavailable) as error:
            # The key that we have is good until the rotation after the next.
            log.error("the private key cannot be read again: %s", error)


def _named(pem: str) -> tuple[str, Ed25519PrivateKey]:
    key = private_key_in(pem)
    return thumbprint(key.public_key()), key
