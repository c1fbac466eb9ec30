"""Tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037), for fifteen minutes, and their keys.

A token names its key by `kid`: the key's thumbprint (RFC 7638), so a key needs no name of its own.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from belfry.errors import ConfigurationError, InvalidToken, SecretsUnavailable
from belfry.model import Caller, Role, User, new_id
from belfry.ports import NEW_KEYS_SECONDS, Clock

log = logging.getLogger(__name__)

ALGORITHM = "EdDSA"
ISSUER = "belfry"
AUDIENCE = "belfry-api"
LIFETIME = timedelta(minutes=15)
REQUIRED_CLAIMS = ["iss", "aud", "sub", "role", "jti", "iat", "exp"]

_END = "-----END PUBLIC KEY-----"


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


OLD_KEYS_SECONDS = 900.0
"""How long a verifier may go on with a key that was dropped: when it has leaked, it matters."""


class JwtVerifier:
    """Checks tokens: this algorithm and no other, our issuer and audience, every claim present.

    `read_again` gives the keys as they are now. It is asked when a token names a key that is not
    known, which is how a change of keys shows, but once in NEW_KEYS_SECONDS at most: anybody can
    make up names. And it is asked every OLD_KEYS_SECONDS.
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
                self._old_at = now + OLD_KEYS_SECONDS
                self._could_not_look = True
                try:
                    self._keys = _by_thumbprint(self._read_again())
                    self._could_not_look = False
                except (ConfigurationError, SecretsUnavailable) as error:
                    log.error("the public keys cannot be read again: %s", error)
            if self._could_not_look:
                # It may be a token of ours: its owner is not to be told that it is none.
                raise SecretsUnavailable("The keys of tokens cannot be read. Try again.")
            return self._keys is not known


class Ed25519KeyPairs:
    """Makes keys, and tells what belongs together."""

    def new(self) -> str:
        key = Ed25519PrivateKey.generate()
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def public_of(self, private: str) -> str:
        return _pem(_private_key(private).public_key())

    def publics_in(self, text: str) -> Sequence[str]:
        return [_pem(key) for key in _public_keys(text)]

    def fits(self, private: str, public: str) -> bool:
        signature = _private_key(private).sign(b"test")
        try:
            for key in _public_keys(public):
                key.verify(signature, b"test")
        except InvalidSignature:
            return False
        return True


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


def _named(private_key: str) -> tuple[str, Ed25519PrivateKey]:
    key = _private_key(private_key)
    return _thumbprint(key.public_key()), key


def _private_key(pem: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("TOKEN_PRIVATE_KEY is not an Ed25519 private key in PEM")
    return key


def _public_keys(text: str) -> Sequence[Ed25519PublicKey]:
    return [_public_key(part + _END) for part in text.split(_END)[:-1]] or [_public_key(text)]


def _public_key(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError("TOKEN_PUBLIC_KEY is not an Ed25519 public key in PEM")
    return key


def _by_thumbprint(text: str) -> Mapping[str, Ed25519PublicKey]:
    return {_thumbprint(key): key for key in _public_keys(text)}


def _thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638, section 3, and for this kind of key RFC 8037, section 2."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    return _base64url(sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
