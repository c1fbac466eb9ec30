"""Tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037), for fifteen minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from belfry.errors import ConfigurationError, InvalidToken
from belfry.model import Caller, Role, User, new_id
from belfry.ports import Clock

ALGORITHM = "EdDSA"
ISSUER = "belfry"
AUDIENCE = "belfry-api"
LIFETIME = timedelta(minutes=15)
REQUIRED_CLAIMS = ["iss", "aud", "sub", "role", "jti", "iat", "exp"]


class JwtIssuer:
    """Signs tokens. Only functions that issue tokens have the private key."""

    def __init__(self, private_key_pem: str, clock: Clock) -> None:
        try:
            key = load_pem_private_key(private_key_pem.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigurationError("TOKEN_PRIVATE_KEY is not an Ed25519 private key in PEM")
        self._key = key
        self._clock = clock

    def issue(self, user: User) -> tuple[str, int]:
        """A token for this person, and its lifetime in seconds."""
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
        return jwt.encode(claims, self._key, algorithm=ALGORITHM), int(LIFETIME.total_seconds())


class JwtVerifier:
    """Checks tokens: this algorithm and no other, our issuer and audience, every claim present."""

    def __init__(self, public_key_pem: str) -> None:
        try:
            key = load_pem_public_key(public_key_pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ConfigurationError("TOKEN_PUBLIC_KEY is not an Ed25519 public key in PEM")
        self._key = key

    def verify(self, token: str) -> tuple[Caller, datetime]:
        """Whose token it is, and when it expires. Raises InvalidToken."""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": REQUIRED_CLAIMS},
            )
            caller = Caller(claims["sub"], Role(claims["role"]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise InvalidToken(str(error)) from None
        return caller, datetime.fromtimestamp(claims["exp"], UTC)
