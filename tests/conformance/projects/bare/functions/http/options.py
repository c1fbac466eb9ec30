"""OPTIONS as any other method."""

from .echo import handler

__all__ = ["handler"]
