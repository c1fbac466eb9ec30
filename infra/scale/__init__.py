"""How far Belfry goes on AWS: a discrete-event simulation under AWS's quotas. Never tested on AWS.

Seeded: the same seed gives the same numbers. Many people are cohorts, not a million processes each.
"""
