"""A function that nobody else has to share a process with."""

from .act import handler

__all__ = ["handler"]
