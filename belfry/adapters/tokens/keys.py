"""Keys in PEM: made, read and named."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

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

from belfry.errors import ConfigurationError

_END = "-----END PUBLIC KEY-----"


class Ed25519KeyPairs:
    """Makes keys, and tells what belongs together."""

    def new(self) -> str:
        key = Ed25519PrivateKey.generate()
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    def public_of(self, private: str) -> str:
        return _pem(private_key_in(private).public_key())

    def publics_in(self, text: str) -> Sequence[str]:
        return [_pem(key) for key in public_keys_in(text)]

    def fits(self, private: str, public: str) -> bool:
        signature = private_key_in(private).sign(b"test")
        try:
            for key in public_keys_in(public):
                key.verify(signature, b"test")
        except InvalidSignature:
            return False
        return True


def private_key_in(pem: str) -> Ed25519PrivateKey:
    """Raises ConfigurationError."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("TOKEN_PRIVATE_KEY is not an Ed25519 private key in PEM")
    return key


def public_keys_in(text: str) -> Sequence[Ed25519PublicKey]:
    """One or more, one after the other. Raises ConfigurationError."""
    return [_public_key(part + _END) for part in text.split(_END)[:-1]] or [_public_key(text)]


def _public_key(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError("TOKEN_PUBLIC_KEY is not an Ed25519 public key in PEM")
    return key


def thumbprint(key: Ed25519PublicKey) -> str:
    """The name of a key: RFC 7638, section 3, and for this kind of key RFC 8037, section 2."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    return _base64url(sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
