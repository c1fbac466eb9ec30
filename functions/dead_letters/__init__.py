"""What was given up: looking at it, sending it again, dropping it."""
