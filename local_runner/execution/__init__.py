"""What AWS Lambda does: functions in threads of the runner, or in processes of their own."""

CONCURRENCY = 10
"""Processes of one function at a time, unless its settings say otherwise."""
