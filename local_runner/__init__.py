"""Runs a project on this machine: its gateway, its functions, and what triggers them."""
