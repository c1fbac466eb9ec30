"""Checks tokens, and notices when the keys have changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from belfry.adapters.tokens import ALGORITHM, AUDIENCE, ISSUER
from belfry.adapters.tokens.keys import public_keys_in, thumbprint
from belfry.errors import ConfigurationError, InvalidToken, SecretsUnavailable
from belfry.model import Caller, Role
from belfry.ports import NEW_KEYS_SECONDS

log = logging.getLogger(__name__)

REQUIRED_CLAIMS = ["iss", "aud", "sub", "role", "jti", "iat", "exp"]

OLD_KEYS_SECONDS = 900.0
"""How long a verifier may go on with a key that was dropped: when it has leaked, it matters.

Longer only while the keys cannot be read: that is to log nobody out.
"""


class JwtVerifier:
    """Checks tokens: this algorithm and no other, our issuer and audience, every claim present.

    `read_again` gives the keys as they are now. It is asked when a token names a key that is not
    known, which is how a change of keys shows, but once in NEW_KEYS_SECONDS at most: anybody can
    make up names. And it is asked every OLD_KEYS_SECONDS, for keys that were dropped.
    """

    def __init__(
        self,
        public_keys: str,
        read_again: Callable[[], str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = _by_thumbprint(public_keys)
        self._read_again = read_again
        self._monotonic = monotonic
        self._next_look = float("-inf")
        self._old_at = monotonic() + OLD_KEYS_SECONDS
        self._could_not_look = False
        self._looking = threading.Lock()

    def verify(self, token: str) -> tuple[Caller, datetime]:
        """Whose token it is, and when it expires. Raises InvalidToken or SecretsUnavailable."""
        try:
            claims = self._claims(token)
            caller = Caller(claims["sub"], Role(claims["role"]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken(str(error)) from None
        return caller, datetime.fromtimestamp(claims["exp"], UTC)

    def _claims(self, token: str) -> dict[str, Any]:
        kid = jwt.get_unverified_header(token).get("kid")
        if self._monotonic() >= self._old_at:
            with suppress(SecretsUnavailable):
                self._look_again(self._keys)
        keys = self._keys
        try:
            return _verified(token, keys, kid)
        except jwt.InvalidSignatureError:
            # A key never changes under its thumbprint, so a known one need not be looked up.
            if kid in keys or not self._look_again(keys):
                raise
        return _verified(token, self._keys, kid)

    def _look_again(self, known: Mapping[str, Ed25519PublicKey]) -> bool:
        """Read the keys again if it is time; answers whether they are others than those known."""
        if self._read_again is None:
            return False
        with self._looking:
            now = self._monotonic()
            if self._keys is known and now >= self._next_look:
                self._next_look = now + NEW_KEYS_SECONDS
                self._could_not_look = True
                try:
                    self._keys = _by_thumbprint(self._read_again())
                    self._old_at = now + OLD_KEYS_SECONDS
                    self._could_not_look = False
                except (ConfigurationError, SecretsUnavailable) as error:
                    log.error("the public keys cannot be read again: %s", error)
            if self._could_not_look:
                # It may be a token of ours: its owner is not to be told that it is none.
                raise SecretsUnavailable("The keys of tokens cannot be read. Try again.")
            return self._keys is not known


def _verified(token: str, keys: Mapping[str, Ed25519PublicKey], kid: str | None) -> dict[str, Any]:
    """The claims. Raises jwt.InvalidSignatureError when none of our keys fits, or another error."""
    # Tokens from before keys had names fit any of them or none.
    candidates: Iterable[Ed25519PublicKey] = keys.values()
    if kid is not None:
        candidates = [keys[kid]] if kid in keys else []
    for key in candidates:
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": REQUIRED_CLAIMS},
            )
    raise jwt.InvalidSignatureError("None of our keys has signed it.")


def _by_thumbprint(text: str) -> Mapping[str, Ed25519PublicKey]:
    return {thumbprint(key): key for key in public_keys_in(text)}
