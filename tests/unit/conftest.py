"""What the unit tests share: a Belfry of fakes with two people in it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from belfry.model import Role, User
from tests.fakes import NOON, Fakes
from tests.unit.events import ADA, BOB

# A busy machine is slow, not wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def fakes() -> Fakes:
    """Ada, a user, and Bob, an administrator. Their passwords are `secret of NAME`."""
    fakes = Fakes()
    for id_, role in ((ADA, Role.USER), (BOB, Role.ADMIN)):
        user = User(id_, id_.title(), f"{id_}@example.com", role, NOON)
        fakes.users.add(user, fakes.passwords.hash(f"secret of {id_}"))
    return fakes
