"""Accounts, tokens and the authorizers."""
