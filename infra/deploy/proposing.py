"""A change set: made, waited for, and withdrawn so that nothing of it stays behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from infra.deploy.aws import DeployError
from infra.deploy.stacks import REVIEWED, ChangeSet, ChangeSets, Proposal, Stacks

PENDING = {"CREATE_PENDING", "CREATE_IN_PROGRESS"}
READY = "CREATE_COMPLETE"

NOTHING_CHANGES = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation says so: the latter for templates with a transform, such as ours."""

LOOKS = 60
"""So often a change set that is to be withdrawn is looked at: some two minutes."""

Pause = Callable[[], object]
"""Waits until it is worthwhile to look again."""


def propose(
    change_sets: ChangeSets, stacks: Stacks, proposal: Proposal, pause: Pause
) -> ChangeSet | None:
    """Make a change set and wait for it. Answers None when nothing would change.

    Raises DeployError when CloudFormation refuses the template or a parameter.
    """
    change_set_id = change_sets.propose(proposal)
    try:
        found = change_sets.change_set(change_set_id)
        while found.status in PENDING:
            pause()
            found = change_sets.change_set(change_set_id)
    except BaseException:  # Ctrl-C, too, must leave nothing behind
        with suppress(DeployError):  # what ended the wait is told in any case
            _withdraw_unfinished(change_sets, stacks, change_set_id, proposal.stack, pause)
        raise
    if found.status == READY:
        return found
    withdraw(change_sets, stacks, change_set_id, proposal.stack)
    if any(phrase in found.reason for phrase in NOTHING_CHANGES):
        return None
    raise DeployError(f"CloudFormation refuses the template: {found.reason or found.status}")


def _withdraw_unfinished(
    change_sets: ChangeSets, stacks: Stacks, change_set_id: str, stack_name: str, pause: Pause
) -> None:
    # CloudFormation discards none that it is still making.
    try:
        for _ in range(LOOKS):
            if change_sets.change_set(change_set_id).status not in PENDING:
                break
            pause()
    finally:
        withdraw(change_sets, stacks, change_set_id, stack_name)


def execute(
    change_sets: ChangeSets, stacks: Stacks, change_set_id: str, proposal: Proposal
) -> None:
    """Begin to change the stack. What is refused leaves nothing behind. Raises DeployError."""
    try:
        change_sets.execute(change_set_id, keep=proposal.keep)
    except DeployError:
        # If it was begun all the same, and only the answer was lost, CloudFormation refuses that.
        with suppress(DeployError):
            withdraw(change_sets, stacks, change_set_id, proposal.stack)
        raise


def withdraw(change_sets: ChangeSets, stacks: Stacks, change_set_id: str, stack_name: str) -> None:
    """Discard a change set, and the stack that was made for it only."""
    try:
        change_sets.discard(change_set_id)
    finally:
        stack = stacks.find(stack_name)
        if stack and stack.status == REVIEWED:
            stacks.delete(stack.id)
