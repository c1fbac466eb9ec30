"""The keys of tokens: the first one, and rotations, whatever is repeated or dies in between."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from belfry.adapters.tokens.issuer import JwtIssuer
from belfry.adapters.tokens.keys import Ed25519KeyPairs
from belfry.adapters.tokens.verifier import JwtVerifier
from belfry.errors import ConfigurationError, InvalidInput, InvalidToken, RotationRefused
from belfry.model import Role, User
from belfry.ports import NEW_KEYS_SECONDS
from belfry.signing_keys import (
    CURRENT,
    PLACEHOLDER,
    SecretVersion,
    ensure_signing_key,
    rotate,
)
from functions.auth import rotate_signing_key
from tests.fakes import NOON, Fakes
from tests.fakes.secrets import FakeSecrets, new_signing_keys

KEYS = new_signing_keys(FakeSecrets())
PRIVATE, PUBLIC = KEYS.private, KEYS.public
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
ADA = User("ada", "Ada", "ada@example.com", Role.USER, NOON)


class World:
    """Both secrets as a stack makes them, and who issues and verifies tokens."""

    def __init__(self) -> None:
        self.secrets = FakeSecrets()
        self.keys = new_signing_keys(self.secrets)
        self.now = 0.0
        self.version = "none"
        self._numbers = count()

    def begin(self) -> None:
        self.version = f"rotation {next(self._numbers)}"
        self.secrets.begin_rotation(PRIVATE, self.version)

    def step(self, name: str) -> None:
        rotate(self.keys, name, PRIVATE, self.version, pause=self._pause)

    def rotate(self) -> None:
        self.begin()
        for name in STEPS:
            self.step(name)

    def private(self) -> str:
        return self.secrets.current(PRIVATE).text

    def publics(self) -> str:
        return self.secrets.current(PUBLIC).text

    def verifier(self) -> JwtVerifier:
        """A warm one, which knows the keys of now and can look for new ones."""
        return JwtVerifier(self.publics(), self.publics, lambda: self.now)

    def _pause(self, seconds: float) -> None:
        self.now += seconds


def token_of(private: str) -> str:
    return JwtIssuer(private, lambda: datetime.now(UTC)).issue(ADA)[0]


def is_taken(token: str, publics: str) -> bool:
    try:
        JwtVerifier(publics).verify(token)
    except InvalidToken:
        return False
    return True


@pytest.fixture
def world() -> World:
    """With a first key."""
    world = World()
    ensure_signing_key(world.keys)
    return world


def test_the_first_key_is_made_once() -> None:
    world = World()
    assert ensure_signing_key(world.keys)
    private, publics = world.private(), world.publics()
    assert is_taken(token_of(private), publics)
    assert not ensure_signing_key(world.keys)
    assert (world.private(), world.publics()) == (private, publics)


def test_a_rotation_keeps_the_key_before_and_no_older_one(world: World) -> None:
    tokens = []
    for _ in range(3):
        tokens.append(token_of(world.private()))
        world.rotate()
    tokens.append(token_of(world.private()))
    assert [is_taken(token, world.publics()) for token in tokens] == [False, False, True, True]
    assert world.publics().count("BEGIN PUBLIC KEY") == 2


def test_a_rotation_can_make_the_first_key_too() -> None:
    world = World()
    world.rotate()
    assert is_taken(token_of(world.private()), world.publics())
    assert not ensure_signing_key(world.keys)


def test_the_new_key_is_used_only_when_everybody_can_know_it(world: World) -> None:
    world.begin()
    for name in ("createSecret", "setSecret"):
        world.step(name)
    before = world.now
    world.step("testSecret")
    assert world.now - before == NEW_KEYS_SECONDS


def test_secrets_manager_tries_the_function_with_the_key_of_now(world: World) -> None:
    """RotateImmediately=false: only testSecret, for a version that is a copy of the current one."""
    world.begin()
    world.secrets.add(PRIVATE, SecretVersion(world.version, world.private()), "AWSPENDING")
    world.step("testSecret")
    assert world.now == 0


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_that_is_not_due_says_so(world: World, step: str) -> None:
    world.begin()
    with pytest.raises(RotationRefused, match="createSecret comes first"):
        world.step(step)
    world.step("createSecret")
    if step != "setSecret":
        with pytest.raises(RotationRefused, match="setSecret comes first"):
            world.step(step)


def test_what_is_asked_for_wrongly_is_named(world: World) -> None:
    def ask(step: str, secret: str, version: str) -> None:
        rotate(world.keys, step, secret, version, pause=lambda _: None)

    world.begin()
    with pytest.raises(RotationRefused, match="Step: 'drop' is none of createSecret"):
        ask("drop", PRIVATE, world.version)
    with pytest.raises(RotationRefused, match="SecretId"):
        ask("createSecret", PUBLIC, world.version)
    with pytest.raises(RotationRefused, match="ClientRequestToken: unknown"):
        ask("createSecret", PRIVATE, "unknown")


def test_an_overtaken_version_is_refused(world: World) -> None:
    world.begin()
    world.step("createSecret")
    overtaken = world.version
    world.rotate()
    world.version = overtaken
    with pytest.raises(RotationRefused, match="ClientRequestToken"):
        world.step("finishSecret")


@pytest.mark.parametrize("step", STEPS)
def test_steps_of_a_finished_rotation_change_nothing(world: World, step: str) -> None:
    world.rotate()
    before = world.private(), world.publics()
    world.step(step)
    assert (world.private(), world.publics()) == before


def test_a_secret_of_something_else_is_left_alone() -> None:
    world = World()
    world.secrets.make(PRIVATE, "mongodb://user:hidden@127.0.0.1")
    with pytest.raises(ConfigurationError, match="TOKEN_PRIVATE_KEY") as raised:
        world.rotate()
    assert "hidden" not in str(raised.value)
    with pytest.raises(ConfigurationError, match="TOKEN_PRIVATE_KEY"):
        ensure_signing_key(world.keys)
    assert world.private().startswith("mongodb://")
    assert world.publics() == PLACEHOLDER


def test_a_key_is_not_shown(world: World) -> None:
    assert "PRIVATE KEY" in world.private()
    assert "KEY" not in repr(world.secrets.current(PRIVATE))


class Crash(Exception):
    pass


class Act(NamedTuple):
    """What is done. At its `at`-th call of the secrets others come between, or it dies."""

    name: str
    at: int = 0
    between: tuple[str, ...] = ()


NAMES = st.sampled_from(["ensure", *STEPS])
BETWEEN = st.one_of(st.lists(NAMES, max_size=5).map(tuple), st.just(("crash",)))
ACTS = st.one_of(st.builds(Act, NAMES, st.integers(1, 12), BETWEEN), st.just(Act("begin")))


class Observed(World):
    """Sees before every single call that the tokens are taken which have to be."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.used_before = PLACEHOLDER, PLACEHOLDER

    def perform(self, act: Act) -> None:
        calls = 0

        def before_each(_: str) -> None:
            nonlocal calls
            calls += 1
            self.secrets.before_each = lambda method: None
            self.check()
            if calls == act.at:
                for name in act.between:
                    self.do(name)
                    self.check()
            self.secrets.before_each = before_each

        self.secrets.before_each = before_each
        with suppress(Crash):
            self.do(act.name)
        self.secrets.before_each = lambda method: None
        self.check()

    def do(self, name: str) -> None:
        if name == "crash":
            raise Crash
        if name == "begin":
            self.begin()
            self.used_before = PLACEHOLDER  # this rotation may drop it
        elif name == "ensure":
            ensure_signing_key(self.keys)
        else:
            with suppress(RotationRefused):
                self.step(name)

    def check(self) -> None:
        if self.private() != self.used:
            self.used, self.used_before = self.private(), self.used
        for private in {self.used, self.used_before} - {PLACEHOLDER}:
            assert is_taken(token_of(private), self.publics())


WHOLE = [Act(name) for name in ("begin", *STEPS)]


@given(st.lists(ACTS, max_size=20))
@example([*WHOLE, *WHOLE])
@example([*WHOLE[:2], Act("ensure", 4, ("setSecret", "finishSecret"))])
@example([*WHOLE[:3], Act("ensure", 3, ("finishSecret",))])
@example([Act("ensure"), *WHOLE[:2], Act("setSecret", 2, ("setSecret", "finishSecret"))])
@example([Act("begin"), Act("createSecret", 4, ("createSecret",))])
@example([*WHOLE[:2], Act("setSecret", 4, ("ensure",))])
def test_tokens_of_this_key_and_of_the_one_before_are_taken(acts: list[Act]) -> None:
    world = Observed()
    for act in acts:
        world.perform(act)
    # Whatever has happened, the next deployment and the next rotation go well.
    ensure_signing_key(world.keys)
    world.rotate()
    assert CURRENT in world.secrets.labels(PRIVATE)[world.version]
    assert is_taken(token_of(world.private()), world.publics())


@given(st.lists(st.floats(0, NEW_KEYS_SECONDS), max_size=4), st.floats(0, 5))
def test_a_warm_verifier_takes_the_first_token_of_a_new_key(
    looks: list[float], later: float
) -> None:
    """However recently made-up tokens have made it look for new keys."""
    world = World()
    ensure_signing_key(world.keys)
    verifier = world.verifier()
    made_up = token_of(Ed25519KeyPairs().new())
    world.begin()
    world.step("createSecret")
    for seconds in looks:
        world.now += seconds
        with pytest.raises(InvalidToken):
            verifier.verify(made_up)
    world.step("setSecret")
    world.now += later
    with pytest.raises(InvalidToken):
        verifier.verify(made_up)
    world.step("testSecret")
    world.step("finishSecret")
    verifier.verify(token_of(world.private()))


def test_the_function_takes_a_step_and_names_a_field_that_is_missing() -> None:
    fakes = Fakes()
    fakes.secrets.begin_rotation(PRIVATE, "new")
    handler = rotate_signing_key.handler.using(fakes.deps())
    event = {"Step": "createSecret", "SecretId": PRIVATE, "ClientRequestToken": "new"}
    for step in STEPS:
        handler({**event, "Step": step}, None)
    private, public = (fakes.secrets.current(name).text for name in (PRIVATE, PUBLIC))
    assert is_taken(token_of(private), public)
    assert fakes.clock() - NOON == timedelta(seconds=NEW_KEYS_SECONDS)
    for name in event:
        broken: dict[str, Any] = {**event, name: 1}
        with pytest.raises(InvalidInput, match=name):
            handler(broken, None)
