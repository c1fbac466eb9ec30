"""$default: answers a message with its own event."""

from .echo import handler

__all__ = ["handler"]
