"""Sending to many people at once."""
