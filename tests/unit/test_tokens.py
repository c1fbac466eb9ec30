"""Tokens that are not ours, each for another reason: all are InvalidToken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from belfry.adapters.tokens.issuer import LIFETIME, SAME_KEY_SECONDS, JwtIssuer
from belfry.adapters.tokens.verifier import OLD_KEYS_SECONDS, REQUIRED_CLAIMS, JwtVerifier
from belfry.errors import ConfigurationError, InvalidToken, SecretsUnavailable
from belfry.model import Caller, Role, User
from belfry.ports import NEW_KEYS_SECONDS
from tests.fakes import NOON

KEY = Ed25519PrivateKey.generate()
OTHER_KEY = Ed25519PrivateKey.generate()
EC_KEY = generate_ec(SECP256R1())
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
VERIFIER = JwtVerifier(PUBLIC_PEM)
ADA = User("ada", "Ada", "ada@example.com", Role.USER, NOON)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    own = {"iss": "belfry", "aud": "belfry-api", "sub": "ada", "role": "user", "jti": "1"}
    return {**own, "iat": now, "exp": now + 900, **changes}


def signed(content: Mapping[str, Any], key: Any = KEY, algorithm: str = "EdDSA") -> str:
    return jwt.encode(dict(content), key, algorithm=algorithm)


def part(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def by_hand(header: Mapping[str, Any], content: Any, signature: bytes = b"") -> str:
    return f"{part(dict(header))}.{part(content)}.{part(signature)}"


def with_public_key_as_secret() -> str:
    """The old trick: HS256 with what everybody knows as the secret."""
    content = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims())}"
    mac = hmac.new(PUBLIC_PEM.encode(), content.encode(), hashlib.sha256).digest()
    return f"{content}.{part(mac)}"


def altered() -> str:
    header, content, signature = signed(claims()).split(".")
    raised = json.loads(base64.urlsafe_b64decode(content + "==")) | {"role": "admin"}
    return f"{header}.{part(raised)}.{signature}"


def refused(token: str) -> None:
    with pytest.raises(InvalidToken) as raised:
        VERIFIER.verify(token)
    assert raised.value.status == 401


def test_a_token_of_ours_is_taken() -> None:
    caller, expires_at = VERIFIER.verify(signed(claims(role="admin", exp=2_000_000_000)))
    assert caller == Caller("ada", Role.ADMIN)
    assert expires_at == datetime.fromtimestamp(2_000_000_000, UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": "soon"},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"aud": "another-api"},
        {"aud": ["another-api"]},
        {"aud": None},
        {"iss": "another"},
        {"iss": ["belfry"]},
        {"role": "root"},
        {"role": None},
        {"role": ["admin"]},
        {"role": {"$gt": ""}},
        {"sub": None},
        {"sub": 1},
        {"sub": {"$gt": ""}},
        {"jti": 1},
    ],
    ids=str,
)
def test_a_claim_that_is_wrong(changes: dict[str, Any]) -> None:
    refused(signed(claims(**changes), KEY) if "iss" not in changes else sealed(claims(**changes)))


def sealed(content: Mapping[str, Any]) -> str:
    """Rightly signed, around PyJWT, which refuses to make some of these itself."""
    text = f"{part({'alg': 'EdDSA', 'typ': 'JWT'})}.{part(dict(content))}"
    return f"{text}.{part(KEY.sign(text.encode()))}"


@pytest.mark.parametrize("claim", REQUIRED_CLAIMS)
def test_a_claim_that_is_missing(claim: str) -> None:
    content = claims()
    del content[claim]
    refused(signed(content))


@pytest.mark.parametrize(
    "token",
    [
        by_hand({"alg": "none"}, claims()),
        by_hand({"alg": "None", "typ": "JWT"}, claims()),
        by_hand({"alg": "none"}, claims()).rstrip("."),
        by_hand({"alg": "EdDSA"}, claims()),
        by_hand({"alg": "EdDSA"}, claims(), b"\0" * 64),
        by_hand({}, claims(), b"\0" * 64),
        by_hand({"alg": "EdDSA"}, b"\xff", b"\0" * 64),
        by_hand({"alg": "EdDSA"}, [], b"\0" * 64),
        with_public_key_as_secret(),
        signed(claims(), OTHER_KEY),
        signed(claims(), EC_KEY, "ES256"),
        signed(claims(), "x" * 32, "HS256"),
        altered(),
        signed(claims())[:-2],
        signed(claims()) + ".x",
        "Bearer " + signed(claims()),
    ],
    ids=lambda token: token[:20],
)
def test_a_token_that_is_not_signed_by_us(token: str) -> None:
    refused(token)


@given(st.text(max_size=100))
def test_any_text_is_refused(text: str) -> None:
    refused(text)


@given(st.integers(0, 10_000), st.integers(0, 63))
def test_no_character_of_a_token_can_be_changed(position: int, character: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = signed(claims())
    position %= len(token) - 1  # of the last character, some bits mean nothing
    changed = token[:position] + alphabet[character] + token[position + 1 :]
    if changed != token:
        refused(changed)


def test_an_issued_token_lives_fifteen_minutes() -> None:
    now = datetime.now(UTC)
    for age, valid in ((LIFETIME - timedelta(seconds=30), True), (LIFETIME, False)):
        token, _ = JwtIssuer(PRIVATE_PEM, lambda age=age: now - age).issue(ADA)  # type: ignore[misc]
        if valid:
            assert VERIFIER.verify(token)[0] == Caller("ada", Role.USER)
        else:
            refused(token)


def test_an_issued_token_tells_no_more_than_it_must() -> None:
    token, _ = JwtIssuer(PRIVATE_PEM, lambda: datetime.now(UTC)).issue(ADA)
    content = jwt.decode(token, options={"verify_signature": False})
    assert set(content) == set(REQUIRED_CLAIMS)
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "EdDSA", "typ": "JWT", "kid": header["kid"]}


RSA_LIKE = EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "pem",
    ["", "x", PUBLIC_PEM, RSA_LIKE, PRIVATE_PEM[:60]],
    ids=["empty", "a letter", "public", "of another kind", "half"],
)
def test_a_private_key_that_is_none_is_named(pem: str) -> None:
    with pytest.raises(ConfigurationError, match="TOKEN_PRIVATE_KEY"):
        JwtIssuer(pem, lambda: NOON)


@pytest.mark.parametrize("pem", ["", "x", PRIVATE_PEM, RSA_LIKE, PUBLIC_PEM[:40]])
def test_a_public_key_that_is_none_is_named(pem: str) -> None:
    with pytest.raises(ConfigurationError, match="TOKEN_PUBLIC_KEY"):
        JwtVerifier(pem)


def pem_of(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem_of(key: Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def issued_by(key: Ed25519PrivateKey) -> str:
    return JwtIssuer(private_pem_of(key), lambda: datetime.now(UTC)).issue(ADA)[0]


@pytest.mark.parametrize(
    "make", [issued_by, lambda key: signed(claims(), key)], ids=["kid", "none"]
)
def test_each_of_several_keys_verifies_its_tokens(
    make: Callable[[Ed25519PrivateKey], str],
) -> None:
    keys = [Ed25519PrivateKey.generate() for _ in range(3)]
    verifier = JwtVerifier("\n".join(pem_of(key) for key in keys[:2]))
    for key in keys[:2]:
        assert verifier.verify(make(key))[0].user_id == "ada"
    with pytest.raises(InvalidToken):
        verifier.verify(make(keys[2]))


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The key and the thumbprint of RFC 8037, appendix A.3."""
    x = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    header = jwt.get_unverified_header(issued_by(Ed25519PrivateKey.from_private_bytes(x)))
    assert header["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_name_of_one_key_does_not_let_another_in() -> None:
    kid = jwt.get_unverified_header(issued_by(KEY))["kid"]
    refused(jwt.encode(claims(), OTHER_KEY, algorithm="EdDSA", headers={"kid": kid}))


class Keys:
    """Where a verifier reads keys again, and how often it did."""

    def __init__(self, *keys: Ed25519PrivateKey) -> None:
        self.keys, self.reads, self.now = list(keys), 0, 1000.0
        self.failure: Exception | None = None
        self.verifier = JwtVerifier(self._text(), self.read, lambda: self.now)

    def read(self) -> str:
        self.reads += 1
        if self.failure:
            raise self.failure
        return self._text()

    def _text(self) -> str:
        return "".join(pem_of(key) for key in self.keys)


def test_a_new_key_is_noticed_by_its_first_token() -> None:
    keys = Keys(KEY)
    keys.keys.insert(0, OTHER_KEY)
    for key in (OTHER_KEY, KEY):
        assert keys.verifier.verify(issued_by(key))[0].user_id == "ada"
    assert keys.reads == 1
    keys.keys.remove(KEY)
    keys.now += NEW_KEYS_SECONDS
    with pytest.raises(InvalidToken):
        keys.verifier.verify(issued_by(Ed25519PrivateKey.generate()))
    with pytest.raises(InvalidToken):  # dropped with that look
        keys.verifier.verify(issued_by(KEY))


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=40))
def test_made_up_tokens_cause_a_look_a_minute_and_no_more(calls: list[tuple[float, bool]]) -> None:
    keys, start = Keys(KEY), 1000.0
    for seconds, has_kid in calls:
        keys.now += seconds
        with pytest.raises(InvalidToken):
            keys.verifier.verify(issued_by(OTHER_KEY) if has_kid else signed(claims(), OTHER_KEY))
        keys.verifier.verify(issued_by(KEY))
    assert keys.reads <= 1 + (keys.now - start) // NEW_KEYS_SECONDS


def test_a_broken_token_of_a_known_key_causes_no_look() -> None:
    keys = Keys(KEY)
    for token in (issued_by(KEY)[:-6] + "aaaaaa", by_hand({"alg": "none"}, claims()), "x.y.z"):
        with pytest.raises(InvalidToken):
            keys.verifier.verify(token)
    assert keys.reads == 0


@pytest.mark.parametrize("failure", [SecretsUnavailable("away"), ConfigurationError("denied")])
def test_while_keys_cannot_be_read_nobody_is_told_that_a_token_is_wrong(
    failure: Exception,
) -> None:
    keys = Keys(KEY)
    keys.keys.append(OTHER_KEY)
    keys.failure = failure
    for _ in range(3):
        with pytest.raises(SecretsUnavailable):
            keys.verifier.verify(issued_by(OTHER_KEY))
        keys.verifier.verify(issued_by(KEY))
    assert keys.reads == 1
    keys.failure = None
    keys.now += NEW_KEYS_SECONDS
    keys.verifier.verify(issued_by(OTHER_KEY))


def test_a_key_that_was_dropped_is_not_taken_for_long() -> None:
    keys = Keys(KEY, OTHER_KEY)
    token = issued_by(KEY)
    keys.keys.remove(KEY)
    keys.now += OLD_KEYS_SECONDS - 1
    keys.verifier.verify(token)
    keys.now += 1
    with pytest.raises(InvalidToken):
        keys.verifier.verify(token)
    assert keys.reads == 1


def test_keys_that_cannot_be_read_again_go_on() -> None:
    keys = Keys(KEY)
    keys.failure = SecretsUnavailable("away")
    keys.now += OLD_KEYS_SECONDS
    for _ in range(3):
        keys.verifier.verify(issued_by(KEY))
        keys.verifier.verify(issued_by(KEY))
        keys.now += NEW_KEYS_SECONDS
    assert keys.reads == 3


def test_a_dropped_key_is_out_of_use_as_soon_as_keys_can_be_read_again() -> None:
    keys = Keys(KEY, OTHER_KEY)
    token = issued_by(KEY)
    keys.keys.remove(KEY)
    keys.failure = SecretsUnavailable("away")
    keys.now += OLD_KEYS_SECONDS
    keys.verifier.verify(token)
    keys.failure = None
    keys.now += NEW_KEYS_SECONDS
    with pytest.raises(InvalidToken):
        keys.verifier.verify(token)


def test_threads_that_meet_the_same_new_key_look_once() -> None:
    keys = Keys(KEY)
    keys.keys.insert(0, OTHER_KEY)
    token = issued_by(OTHER_KEY)
    with ThreadPoolExecutor(8) as pool:
        callers = list(pool.map(lambda _: keys.verifier.verify(token)[0], range(64)))
    assert {caller.user_id for caller in callers} == {"ada"}
    assert keys.reads == 1


@pytest.mark.parametrize("failure", [SecretsUnavailable("away"), ConfigurationError("denied")])
def test_an_issuer_takes_the_new_key_after_a_while(failure: Exception) -> None:
    now = 0.0
    answers: list[str | Exception] = [failure, private_pem_of(OTHER_KEY)]

    def read() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    issuer = JwtIssuer(private_pem_of(KEY), lambda: datetime.now(UTC), read, lambda: now)
    for seconds, key in ((0, KEY), (299, KEY), (1, KEY), (299, KEY), (1, OTHER_KEY)):
        now += seconds
        token, _ = issuer.issue(ADA)
        assert JwtVerifier(pem_of(key)).verify(token)[0].user_id == "ada"
    assert now == 2 * SAME_KEY_SECONDS
