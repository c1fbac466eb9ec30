"""Secrets in memory, with versions and labels as AWS Secrets Manager has them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from belfry.adapters.tokens.keys import Ed25519KeyPairs
from belfry.errors import ConfigurationError
from belfry.signing_keys import CURRENT, PLACEHOLDER, SecretVersion, SigningKeys

PREVIOUS = "AWSPREVIOUS"


class FakeSecrets:
    """Calls `before_each` first, with the name of the method: a test may interrupt there."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._labels: dict[str, dict[str, str]] = {}  # by secret and label, the version
        self.before_each: Callable[[str], None] = lambda method: None

    def make(self, secret: str, text: str) -> None:
        """A secret with its first version, as a stack makes it."""
        self._labels[secret] = {CURRENT: f"first version of {secret}"}
        self._texts[secret, self._labels[secret][CURRENT]] = text

    def begin_rotation(self, secret: str, version: str) -> None:
        """As Secrets Manager does before the first step: a version that says nothing yet."""
        self._of(secret)["AWSPENDING"] = version

    def current(self, secret: str) -> SecretVersion:
        self.before_each("current")
        version = self._of(secret)[CURRENT]
        return SecretVersion(version, self._texts[secret, version])

    def text_of(self, secret: str, version: str) -> str | None:
        self.before_each("text_of")
        return self._texts.get((secret, version))

    def labels(self, secret: str) -> Mapping[str, Collection[str]]:
        self.before_each("labels")
        found: dict[str, set[str]] = {}
        for label, version in self._of(secret).items():
            found.setdefault(version, set()).add(label)
        return found

    def add(self, secret: str, new: SecretVersion, label: str) -> bool:
        self.before_each("add")
        labels = self._of(secret)
        if self._texts.setdefault((secret, new.id), new.text) != new.text:
            return False
        labels[label] = new.id
        return True

    def move(self, secret: str, label: str, *, to: str, from_: str) -> bool:
        self.before_each("move")
        labels = self._of(secret)
        if labels.get(label) != from_:
            return False
        labels[label] = to
        if label == CURRENT:
            labels[PREVIOUS] = from_
        return True

    def _of(self, secret: str) -> dict[str, str]:
        if secret not in self._labels:
            raise ConfigurationError(f"the secret {secret} cannot be used: it is not there")
        return self._labels[secret]


def new_signing_keys(secrets: FakeSecrets) -> SigningKeys:
    """Real keys in fake secrets, which hold none yet, as a stack makes them."""
    keys = SigningKeys(secrets, Ed25519KeyPairs(), private="arn:private", public="arn:public")
    for name in (keys.private, keys.public):
        secrets.make(name, PLACEHOLDER)
    return keys
