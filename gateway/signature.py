"""Verifies AWS Signature Version 4, by letting botocore compute the signature once more."""

import hashlib
import hmac
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials as BotocoreCredentials

from gateway import assumptions
from gateway.asgi import RawHeaders
from gateway.clock import Clock

SERVICE = "execute-api"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)"
    r"/(?P<service>[a-z0-9-]+)/aws4_request,\s*"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_ALWAYS_SIGNED = {"host", "x-amz-date"}


class Credentials(NamedTuple):
    """What a caller signs with."""

    access_key_id: str
    secret: str


class InvalidSignature(Exception):
    """The call is not signed by the credentials; the message never holds a secret."""


class _SignedHeaders(dict[str, str]):
    """As much of botocore's HTTPHeaders as signing reads: lower-case names, one value each.

    The original is an email.message.Message, which takes half of a verification's time.
    """

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


class _Request:
    """As much of botocore's AWSRequest as signing reads."""

    params: None = None

    def __init__(
        self, method: str, url: str, headers: _SignedHeaders, body: bytes, timestamp: str
    ) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.context = {"timestamp": timestamp}


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore ships no types
    """Signs exactly the headers that the caller signed, and keeps the day's signing key."""

    def headers_to_sign(self, request: _Request) -> Any:
        return request.headers

    def signature(self, string_to_sign: str, request: _Request) -> str:
        secret = self.credentials.secret_key
        key = _signing_key(secret, request.context["timestamp"][:8], self._region_name)
        return hmac.new(key, string_to_sign.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=16)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    # AWS: "Create a signed AWS API request", step 4; the same four steps that botocore takes.
    key = f"AWS4{secret}".encode()
    for part in (day, region, SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


class SignatureVerifier:
    """Knows one pair of credentials."""

    def __init__(self, credentials: Credentials, clock: Clock = time.time) -> None:
        self._credentials = credentials
        self._clock = clock
        self._botocore = BotocoreCredentials(credentials.access_key_id, credentials.secret)

    def verify(self, method: str, target: str, headers: RawHeaders, body: bytes) -> None:
        """Check a request; `target` is its path and query as they stood in the request line.

        Raises:
            InvalidSignature: unsigned, signed otherwise, altered, or too old.
        """
        values: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            values[name] = f"{values[name]},{value}" if name in values else value
        claim = self._claim(values)
        timestamp = self._timestamp(values, claim["day"])
        digest = values.get("x-amz-content-sha256")
        # botocore signs this header's word for the body's digest, so the word itself is checked.
        if digest is not None and digest != hashlib.sha256(body).hexdigest():
            raise InvalidSignature("X-Amz-Content-SHA256 is not the digest of the body")
        request = _Request(method, f"http://host{target}", _signed(values, claim), body, timestamp)
        if not hmac.compare_digest(self._expected(request, claim["region"]), claim["signature"]):
            raise InvalidSignature("the signature does not match")

    def _claim(self, values: dict[str, str]) -> re.Match[str]:
        claim = _AUTHORIZATION.fullmatch(values.get("authorization", ""))
        if claim is None:
            raise InvalidSignature("there is no AWS4-HMAC-SHA256 authorization")
        if claim["service"] != SERVICE or claim["key"] != self._credentials.access_key_id:
            raise InvalidSignature("signed with another key or for another service")
        return claim

    def _timestamp(self, values: dict[str, str], day: str) -> str:
        timestamp = values.get("x-amz-date", "")
        seconds = _seconds(timestamp)
        if abs(self._clock() - seconds) > assumptions.SIGNATURE_SECONDS or timestamp[:8] != day:
            raise InvalidSignature("X-Amz-Date is too far from now")
        return timestamp

    def _expected(self, request: _Request, region: str) -> str:
        signer = _Signer(self._botocore, SERVICE, region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        return signer.signature(text, request)


@lru_cache(maxsize=16)
def _seconds(timestamp: str) -> float:
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise InvalidSignature("X-Amz-Date is missing or malformed") from None


def _signed(values: dict[str, str], claim: re.Match[str]) -> _SignedHeaders:
    names = claim["headers"].split(";")
    if not set(names) >= _ALWAYS_SIGNED or not set(names) <= set(values):
        raise InvalidSignature("SignedHeaders lacks host or x-amz-date, or names an absent header")
    return _SignedHeaders((name, values[name]) for name in names)
