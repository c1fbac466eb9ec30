"""How Belfry is."""
