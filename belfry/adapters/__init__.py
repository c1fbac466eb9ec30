"""The outside world behind the ports: one SDK per module, its errors translated once, here."""
