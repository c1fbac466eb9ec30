"""The inbox as a whole: changes, counts, events."""
