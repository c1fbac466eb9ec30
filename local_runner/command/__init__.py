"""The `belfry` command: Belfry on this machine. The only part of the runner that knows Belfry."""
