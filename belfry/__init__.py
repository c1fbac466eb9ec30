"""Belfry's rules and adapters: who may notify whom, and how nothing of it is lost."""
