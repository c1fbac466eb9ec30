"""Deployment: what has to stand before the functions run."""
