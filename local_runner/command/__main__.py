"""`python -m local_runner.command` is the `belfry` command."""

from local_runner.command.main import main

main()
