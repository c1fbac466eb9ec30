"""The functions: one module per endpoint, one folder per service."""
