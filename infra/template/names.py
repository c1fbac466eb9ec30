"""What functions and their parts are called: at chalice, in the template, and on AWS."""

from __future__ import annotations

import re

APP = "belfry"


def chalice_name(function: str) -> str:
    """`dead_letters.redrive_all` → `dead-letters-redrive-all`."""
    return re.sub(r"[._]", "-", function)


def logical_id(function: str) -> str:
    """`dead_letters.redrive_all` → `DeadLettersRedriveAll`, as chalice makes it of its name."""
    return "".join(word.capitalize() for word in re.split(r"[._]", function))


def role_id(function: str) -> str:
    """The logical id of the function's role, as chalice makes it."""
    return f"{logical_id(function)}Role"
