"""The smoke test: a made-up person comes, is notified, reads, and leaves; nothing stays behind."""

from infra.smoke.run import smoke
from infra.smoke.step import Limits, Step

__all__ = ["Limits", "Step", "smoke"]
