"""One at a time: its concurrency is 1."""

from .act import handler

__all__ = ["handler"]
