"""People, for those who send and operate."""
