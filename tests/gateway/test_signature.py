"""Signatures are accepted exactly when botocore would make the same."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from gateway.asgi import RawHeaders
from gateway.signature import Credentials, InvalidSignature, SignatureVerifier

TARGET = "/ws/@connections/BFHPhfCWIAMCKlQ%3D"
BODY = b'{"a": 1}'


def signed(
    *,
    region: str = "us-east-1",
    service: str = "execute-api",
    secret: str = "s",
    target: str = TARGET,
    more: dict[str, str] | None = None,
    signer: Any = SigV4Auth,
) -> dict[str, str]:
    """The headers of a request that botocore signed."""
    request = AWSRequest(
        "POST",
        f"http://127.0.0.1:8080{target}",
        data=BODY,
        headers={"host": "127.0.0.1:8080", **(more or {})},
    )
    signer(BotocoreCredentials("AK", secret), service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def raw(headers: dict[str, str]) -> RawHeaders:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def verify(
    headers: dict[str, str], *, method: str = "POST", target: str = TARGET, body: bytes = BODY,
    late: float = 0,
) -> None:  # fmt: skip
    def clock() -> float:
        return datetime.now(UTC).timestamp() + late

    verifier = SignatureVerifier(Credentials("AK", "s"), clock)
    verifier.verify(method, target, raw(headers), body)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
@pytest.mark.parametrize("target", [TARGET, "/@connections/a%3D", "/x?b=2&a=1", "/a//b/../c"])
def test_botocores_signature_is_accepted(region: str, target: str) -> None:
    verify(signed(region=region, target=target), target=target)


def test_headers_that_are_not_signed_may_be_anything() -> None:
    verify(signed() | {"accept": "*/*", "user-agent": "x"})


def test_other_headers_may_be_signed_too() -> None:
    verify(signed(more={"x-amz-security-token": "token", "content-type": "text/plain"}))


def test_a_signature_of_another_service_key_or_secret_is_refused() -> None:
    for headers in (signed(service="s3"), signed(secret="other")):
        with pytest.raises(InvalidSignature):
            verify(headers)
    with pytest.raises(InvalidSignature):
        SignatureVerifier(Credentials("OTHER", "s")).verify("POST", TARGET, raw(signed()), BODY)


def test_an_altered_request_is_refused() -> None:
    headers = signed()
    with pytest.raises(InvalidSignature):
        verify(headers, body=BODY + b" ")
    with pytest.raises(InvalidSignature):
        verify(headers, target=TARGET.replace("BF", "BG"))
    with pytest.raises(InvalidSignature):
        verify(headers, method="DELETE")
    with pytest.raises(InvalidSignature):
        verify(headers | {"host": "other"})


def test_the_word_of_a_header_for_the_digest_is_not_taken() -> None:
    digest = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}

    with pytest.raises(InvalidSignature):
        verify(signed(more=digest))


def test_the_true_digest_in_a_header_is_fine() -> None:
    verify(signed(more={"x-amz-content-sha256": sha256(BODY).hexdigest()}))


@pytest.mark.parametrize("late", [-400, 400])
def test_a_signature_of_another_time_is_refused(late: float) -> None:
    with pytest.raises(InvalidSignature):
        verify(signed(), late=late)


def test_a_signature_is_valid_for_minutes() -> None:
    verify(signed(), late=290)


@pytest.mark.parametrize("name", ["authorization", "x-amz-date", "host"])
def test_a_missing_header_is_refused(name: str) -> None:
    headers = signed()
    del headers[name]

    with pytest.raises(InvalidSignature):
        verify(headers)


@pytest.mark.parametrize("name", ["host", "x-amz-date"])
def test_a_true_signature_that_leaves_out_host_or_date_is_refused(name: str) -> None:
    class Careless(SigV4Auth):  # type: ignore[misc]  # botocore ships no types
        def headers_to_sign(self, request: AWSRequest) -> Any:
            headers = super().headers_to_sign(request)
            del headers[name]
            return headers

    headers = signed(signer=Careless)
    assert name not in headers["authorization"]

    with pytest.raises(InvalidSignature):
        verify(headers)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SignedHeaders=host;", "SignedHeaders="),
        ("Signature=", "Signature=0"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("aws4_request", "aws5_request"),
        ("Credential=AK/", "Credential=AK/1"),
        ("SignedHeaders=host", "SignedHeaders=absent;host"),
    ],
)
def test_a_malformed_authorization_is_refused(old: str, new: str) -> None:
    headers = signed()
    assert old in headers["authorization"]
    headers["authorization"] = headers["authorization"].replace(old, new)

    with pytest.raises(InvalidSignature):
        verify(headers)
