"""What a smoke test consists of: steps, each of which may fail, within limits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was tried. `seen` is what came of it, `look_at` where to look if it failed."""

    name: str
    ok: bool
    seconds: float
    seen: str
    look_at: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. A step may take `call`, and `frame` more when it waits for what is pushed.

    They leave time for functions and queue triggers that have not run yet. All steps together may
    take `total`; leaving no trace comes after that, and has a `call` of its own.
    """

    call: float = 20.0
    frame: float = 45.0
    total: float = 240.0


class Failed(Exception):
    """A step saw something else than it should have; the message says what."""
