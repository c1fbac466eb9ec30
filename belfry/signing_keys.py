"""Use cases: make the first key that signs tokens, and replace it, while tokens go on working.

Two secrets of AWS Secrets Manager hold the keys: one the private key, of which rotation makes new
versions (user guide, "Rotation by Lambda function"), the other the public keys that tokens are
verified with. A public key is there before anything is signed with its private key, and stays
until the rotation after the next key came. Whatever is repeated, or dies in between, keeps to that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from belfry.errors import RotationRefused, SecretsUnavailable
from belfry.model import new_id
from belfry.ports import NEW_KEYS_SECONDS

PLACEHOLDER = "empty"
"""What both secrets hold before there is a key."""

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
NEXT = "BELFRYNEXT"
"""The label of a version that is about to become the current one, outside of a rotation."""

TRIES = 5
"""Somebody else may have changed a secret in between."""

BUSY = "The keys are being changed again and again. Try again."


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version of a secret, and what it says."""

    id: str
    text: str = field(repr=False)


class Secrets(Protocol):
    """Secrets in versions; each label is on one version of a secret at most.

    Any method may raise ConfigurationError or SecretsUnavailable.
    """

    def current(self, secret: str) -> SecretVersion:
        """The version that is labelled AWSCURRENT."""

    def text_of(self, secret: str, version: str) -> str | None:
        """What a version says; None when it says nothing yet, or is not there."""

    def labels(self, secret: str) -> Mapping[str, Collection[str]]:
        """The labels of each version that has any."""

    def add(self, secret: str, new: SecretVersion, label: str) -> bool:
        """Keep a new version, and give it the label; the same again changes nothing.

        False when this version says something else already, which it goes on saying.
        """

    def move(self, secret: str, label: str, *, to: str, from_: str) -> bool:
        """Take the label from that version to another; False when it is not there (any more).

        It may be this very call that took it away, when its first answer was lost on the way.
        """


class KeyPairs(Protocol):
    """Keys in PEM. Raises ConfigurationError, which names the variable, for what is no key."""

    def new(self) -> str:
        """A new private key."""

    def public_of(self, private: str) -> str: ...

    def publics_in(self, text: str) -> Sequence[str]:
        """The public keys that stand in a text, one after the other."""

    def fits(self, private: str, public: str) -> bool:
        """Whether the one verifies what the other signs."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Where the keys are: `private` and `public` name the secrets."""

    secrets: Secrets
    key_pairs: KeyPairs
    private: str
    public: str


def ensure_signing_key(keys: SigningKeys) -> bool:
    """Make the first key when there is none; answers whether it did. Doing it again is harmless.

    A rotation may run meanwhile: one of the two keys becomes the current one.
    """
    old = keys.secrets.current(keys.private)
    is_first = old.text == PLACEHOLDER
    if is_first:
        first = SecretVersion(new_id(), keys.key_pairs.new())
        keys.secrets.add(keys.private, first, NEXT)
        _publish_also(keys, keys.key_pairs.public_of(first.text))
        is_first = keys.secrets.move(keys.private, CURRENT, to=first.id, from_=old.id)
    # Also when nothing was made: somebody may have replaced the secrets by hand.
    _publish_also(keys, keys.key_pairs.public_of(keys.secrets.current(keys.private).text))
    return is_first


def rotate(
    keys: SigningKeys, step: str, secret: str, version: str, *, pause: Callable[[float], None]
) -> None:
    """A step of a rotation, as Secrets Manager asks for it; `version` is the new key's.

    Raises RotationRefused for a step that is unknown or not due.
    """
    if step not in _STEPS:
        raise RotationRefused(f"Step: {step!r} is none of {', '.join(_STEPS)}.")
    if secret != keys.private:
        raise RotationRefused("SecretId: it is not the secret that TOKEN_PRIVATE_KEY names.")
    labels = keys.secrets.labels(secret).get(version, ())
    if CURRENT in labels:
        return  # this step of a finished rotation has come again
    if PENDING not in labels:
        raise RotationRefused(
            f"ClientRequestToken: {version} is not a version that is labelled {PENDING}."
        )
    _STEPS[step](keys, version, pause)


def _create(keys: SigningKeys, version: str, pause: Callable[[float], None]) -> None:
    _current_public(keys)  # what holds no key of ours is not ours to replace
    if keys.secrets.text_of(keys.private, version) is None:
        # When this step was here twice at once, the first one's key stays.
        keys.secrets.add(keys.private, SecretVersion(version, keys.key_pairs.new()), PENDING)


def _set(keys: SigningKeys, version: str, pause: Callable[[float], None]) -> None:
    """Publish the new public key, and keep that of now."""
    new = keys.key_pairs.public_of(_pending(keys, version))

    def published(before: Sequence[str]) -> Sequence[str]:
        now = _current_public(keys)
        # Before the first key, what is there may be that of an `ensure_signing_key` under way; and
        # when this step comes so late that the new key is in use, the one before is among them.
        kept = before if now in (None, new) else [now]
        return [new, *(each for each in kept if each != new)]

    _publish(keys, published)


def _test(keys: SigningKeys, version: str, pause: Callable[[float], None]) -> None:
    """See that the new key is good, and wait until everybody can have noticed it."""
    private = _pending(keys, version)
    _see_published(keys, private)
    # Who verifies looks for new keys once in this time. A key that is used earlier could meet
    # somebody who has just looked in vain, and its tokens would be refused until the next look.
    # (When Secrets Manager only tests this function, the version holds the key of now.)
    if keys.key_pairs.public_of(private) != _current_public(keys):
        pause(NEW_KEYS_SECONDS)


def _finish(keys: SigningKeys, version: str, pause: Callable[[float], None]) -> None:
    _see_published(keys, _pending(keys, version))
    for _ in range(TRIES):
        old = keys.secrets.current(keys.private).id
        if old == version or keys.secrets.move(keys.private, CURRENT, to=version, from_=old):
            return
    raise SecretsUnavailable(BUSY)


_STEPS: Mapping[str, Callable[[SigningKeys, str, Callable[[float], None]], None]] = {
    "createSecret": _create,
    "setSecret": _set,
    "testSecret": _test,
    "finishSecret": _finish,
}


def _pending(keys: SigningKeys, version: str) -> str:
    private = keys.secrets.text_of(keys.private, version)
    if private is None:
        raise RotationRefused(f"{version} has no key yet: createSecret comes first.")
    return private


def _see_published(keys: SigningKeys, private: str) -> None:
    text = keys.secrets.current(keys.public).text
    publics = [] if text == PLACEHOLDER else keys.key_pairs.publics_in(text)
    if not any(keys.key_pairs.fits(private, public) for public in publics):
        raise RotationRefused("The new key is not among those that verify: setSecret comes first.")


def _current_public(keys: SigningKeys) -> str | None:
    text = keys.secrets.current(keys.private).text
    return None if text == PLACEHOLDER else keys.key_pairs.public_of(text)


def _publish_also(keys: SigningKeys, public: str) -> None:
    _publish(keys, lambda before: before if public in before else [public, *before])


def _publish(keys: SigningKeys, change: Callable[[Sequence[str]], Sequence[str]]) -> None:
    """Change the public keys, on top of what others change at the same time.

    The label moves only from the version that was read, so no change is lost: who comes second
    reads again.
    """
    for _ in range(TRIES):
        old = keys.secrets.current(keys.public)
        before = [] if old.text == PLACEHOLDER else keys.key_pairs.publics_in(old.text)
        after = change(before)
        if list(after) == list(before):
            return
        new = SecretVersion(new_id(), "".join(after))
        keys.secrets.add(keys.public, new, NEXT)
        if keys.secrets.move(keys.public, CURRENT, to=new.id, from_=old.id):
            return
    raise SecretsUnavailable(BUSY)
