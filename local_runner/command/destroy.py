"""`belfry destroy`: a deployment and everything that AWS made for it, gone."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from local_runner.command.deploying import Local, Stage, goes_on, pause, told
from local_runner.console import fail, out

if TYPE_CHECKING:
    from infra.deploy.aws import Aws
    from infra.deploy.stacks import Deployments, Resource, Stack

BUCKET = "AWS::S3::Bucket"


def destroy(stage: Stage, local: Local = False) -> None:
    """Remove a deployment from AWS. What is in MongoDB stays; doing it again changes nothing."""
    with told():
        from infra.deploy.aws import aws, stack_name
        from infra.deploy.cloudformation import CloudFormation

        name = stack_name(stage)
        if local:
            from local_runner.command.deploy_local import destroy_local

            destroy_local(stage)
            return
        account = aws()
        stacks = CloudFormation(account)
        stack = stacks.find(name)
        if stack is None:
            out.print(f"Nothing there: {account.region} of {account.account} has no {name}.")
            return
        _refuse_while_at_work(stack)
        remove(account, stacks, stack, stage)


def _refuse_while_at_work(stack: Stack) -> None:
    from infra.deploy.stacks import IN_PROGRESS, REVIEWED

    if stack.status.endswith(IN_PROGRESS) and stack.status != REVIEWED:
        fail(f"{stack.name} is in {stack.status}: try again when CloudFormation has finished.")


def remove(account: Aws, stacks: Deployments, stack: Stack, stage: str) -> None:
    """Show what goes and what stays, ask for the stage's name, and delete the stack."""
    from infra.deploy.aws import DeployError
    from infra.deploy.broker_logs import prefixes
    from infra.deploy.network import interfaces_left
    from infra.deploy.progress import newest, went_well
    from infra.deploy.release import kept
    from infra.deploy.stacks import DELETED, REVIEWED
    from infra.deploy.website import empty
    from local_runner.command.stack_view import show_interfaces, show_resources, watch, why

    empty_yet = stack.status == REVIEWED
    found = [] if empty_yet else stacks.resources(stack.id)
    resources = [each for each in found if each.status != DELETED]
    stay = [] if empty_yet else kept(stacks.template(stack.id))
    out.print(f"[bold]{stack.name}[/] in {account.region} of account {account.account}:")
    show_resources(resources, stay)
    logs = prefixes(found)
    for prefix in logs:
        out.print(f"  and the broker's logs, {escape(prefix)}…", soft_wrap=True)
    out.print("Also kept: MongoDB with everything in it, and the artifacts in S3.")
    if typer.prompt("Type the name of the stage to remove it") != stage:
        fail("That is not its name. Nothing was changed.")
    for bucket in _buckets(resources, stay):
        out.print(f"{empty(account, bucket)} files removed from {bucket}")
    after = newest(stacks, stack.id)
    stacks.delete(stack.id)
    with goes_on(stage):
        events = watch(stacks, stack.id, after, len(resources), pause)
    if not went_well(events):
        with suppress(DeployError):  # the cause is told in any case
            if interfaces := interfaces_left(account, stacks.resources(stack.id)):
                show_interfaces(interfaces, stage)
        fail(why(events, stage))
    out.print(f"[green]{stack.name} is gone.[/]")
    for prefix in logs:
        _remove_logs(account, prefix)


def _remove_logs(account: Aws, prefix: str) -> None:
    from infra.deploy.aws import DeployError
    from infra.deploy.broker_logs import remove

    try:
        for name in remove(account, prefix):
            out.print(f"{escape(name)} removed", soft_wrap=True)
    except DeployError as error:
        fail(f"The broker's logs, {prefix}…, stay until you delete them in CloudWatch: {error}")


def _buckets(resources: list[Resource], stay: list[str]) -> list[str]:
    """A bucket can be deleted only when nothing is in it."""
    return [
        each.physical_id
        for each in resources
        if each.type == BUCKET and each.physical_id and each.logical_id not in stay
    ]
