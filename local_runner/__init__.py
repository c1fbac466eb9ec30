"""This machine as the cloud: gateway, function runtime, queue and database in one process."""
