"""Tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037), for fifteen minutes, and their keys.

A token names its key by `kid`: the key's thumbprint (RFC 7638), so a key needs no name of its own.
Who issues tokens, verifies them or changes keys imports no more than that.
"""

ALGORITHM = "EdDSA"
ISSUER = "belfry"
AUDIENCE = "belfry-api"
