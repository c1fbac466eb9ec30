"""`belfry deploy` of a stack whose last update failed, and taking it back failed, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from local_runner.command.deploying import goes_on, pause
from local_runner.console import out

if TYPE_CHECKING:
    from infra.deploy.stacks import Deployments, Stack


def unstick(stacks: Deployments, stack: Stack, stage: str, yes: bool) -> Stack | None:
    """Take the update back to its end when only `Prepared` is in the way, and somebody agrees.

    `Prepared` holds nothing: it is a call, which the version that is deployed next makes again.
    Answers the stack as it is then.
    """
    from infra.deploy.progress import newest
    from infra.template.triggers import PREPARED
    from local_runner.command.stack_view import watch

    failed = [each for each in stacks.resources(stack.id) if each.status == "UPDATE_FAILED"]
    if [each.logical_id for each in failed] != [PREPARED]:
        return stack
    out.print(
        f"{stack.name} is in {stack.status}: its last update failed, and it could not be taken "
        f"back, only because of {PREPARED}, which can be left out.",
        soft_wrap=True,
    )
    if not yes and not typer.confirm(f"Take the rest back without {PREPARED}?"):
        return stack
    after = newest(stacks, stack.id)
    stacks.continue_rollback(stack.id, [PREPARED])
    with goes_on(stage):
        watch(stacks, stack.id, after, 0, pause)
    return stacks.find(stack.id)
