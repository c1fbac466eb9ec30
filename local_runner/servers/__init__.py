"""Servers as children of the runner: MongoDB and RabbitMQ, each with a folder of its own."""
