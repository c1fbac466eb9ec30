"""Sending, listing and reading."""
