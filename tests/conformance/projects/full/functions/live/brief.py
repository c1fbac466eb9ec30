"""A route whose function's time is over after a second."""

from .act import handler

__all__ = ["handler"]
