"""A function that may take longer than its integration."""

from .act import handler

__all__ = ["handler"]
