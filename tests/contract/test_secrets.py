"""What the ports `Passwords`, `TokenIssuer` and `TokenVerifier` promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from belfry.adapters.passwords import Argon2Passwords
from belfry.adapters.tokens.issuer import JwtIssuer
from belfry.adapters.tokens.verifier import JwtVerifier
from belfry.errors import InvalidToken
from belfry.model import Caller, Role
from belfry.ports import Passwords, TokenIssuer, TokenVerifier
from local_runner.command.home import Home
from tests.contract.people import user
from tests.fakes import FakeClock, FakePasswords, FakeTokens


@pytest.fixture(params=[FakePasswords, Argon2Passwords])
def passwords(request: pytest.FixtureRequest) -> Passwords:
    made: Passwords = request.param()
    return made


@dataclass
class Tokens:
    clock: FakeClock
    issuer: TokenIssuer
    verifier: TokenVerifier


@pytest.fixture(params=["fake", "jwt"])
def tokens(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tokens]:
    clock = FakeClock(datetime.now(UTC))  # the real verifier looks at the real time
    if request.param == "fake":
        fake = FakeTokens(clock)
        yield Tokens(clock, fake, fake)
    else:
        keys = Home(tmp_path).environment()
        issuer = JwtIssuer(keys["TOKEN_PRIVATE_KEY"], clock)
        yield Tokens(clock, issuer, JwtVerifier(keys["TOKEN_PUBLIC_KEY"]))


def test_a_password_matches_its_hash_only(passwords: Passwords) -> None:
    hashed = passwords.hash("correct horse")
    assert hashed != "correct horse"
    assert passwords.matches("correct horse", hashed)
    assert not passwords.matches("correct horse ", hashed)
    assert not passwords.matches("", hashed)


def test_without_a_hash_nothing_matches(passwords: Passwords) -> None:
    assert not passwords.matches("no password of anybody", None)


@pytest.mark.parametrize("password", ["pässwörd 🎉", "x" * 128, "a\0b"])
def test_any_text_can_be_a_password(passwords: Passwords, password: str) -> None:
    assert passwords.matches(password, passwords.hash(password))


@pytest.mark.parametrize("role", list(Role))
def test_a_token_tells_whose_it_is_and_until_when(tokens: Tokens, role: Role) -> None:
    ada = user(role=role)
    token, seconds = tokens.issuer.issue(ada)
    caller, expires_at = tokens.verifier.verify(token)
    assert caller == Caller(ada.id, role)
    assert abs(expires_at - tokens.clock() - timedelta(seconds=seconds)) < timedelta(seconds=1)
    assert seconds == 15 * 60


def test_every_token_is_another(tokens: Tokens) -> None:
    assert tokens.issuer.issue(user())[0] != tokens.issuer.issue(user())[0]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "ünïcode", "\0", "x" * 100_000])
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.verifier.verify(token)
