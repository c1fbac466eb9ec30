"""The cloud on this machine: gateway, function runtime, queue and database in one process."""
