"""An emulator of AWS, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.infra.deploy.emulator import Emulator


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    running_emulator.forget()
    return running_emulator
