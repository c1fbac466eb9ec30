"""The Python client of Belfry, with the extra `client`; docs/python-client.md tells all of it.

    from belfry.client import Belfry

    belfry = Belfry("http://127.0.0.1:8080", token)
    belfry.send(user_id, "main is green again", title="Build finished")

It imports nothing else of Belfry.
"""

from belfry.client.api import Belfry
from belfry.client.errors import ClientError, FieldError, Problem, Unreachable
from belfry.client.models import (
    Broadcast,
    Change,
    Changed,
    Counts,
    Event,
    Filter,
    Notification,
    Recipients,
    Step,
    Trace,
    User,
)

__all__ = [
    "Belfry",
    "Broadcast",
    "Change",
    "Changed",
    "ClientError",
    "Counts",
    "Event",
    "FieldError",
    "Filter",
    "Notification",
    "Problem",
    "Recipients",
    "Step",
    "Trace",
    "Unreachable",
    "User",
]
