"""Answers with its event."""

from ..echoing import handler

__all__ = ["handler"]
