"""What callers may send: the bodies and parameters, with the rules that each field keeps.

The same rules stand in openapi.yaml for readers; a test compares the two.
"""
