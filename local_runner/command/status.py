"""`belfry status`: what runs on AWS, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from local_runner.command.deploying import Local, Stage, told
from local_runner.console import out

if TYPE_CHECKING:
    from infra.deploy.aws import Aws
    from infra.deploy.stacks import Deployments, Stack


BEING_MADE = "CREATE_IN_PROGRESS"


def status(stage: Stage, local: Local = False) -> None:
    """Show a deployment: its state, version, addresses, what failed last, alarms that ring."""
    with told():
        from infra.deploy.aws import aws, stack_name
        from infra.deploy.cloudformation import CloudFormation

        name = stack_name(stage)
        if local:
            from local_runner.command.deploy_local import show_local

            show_local(stage)
            return
        account = aws()
        stacks = CloudFormation(account)
        stack = stacks.find(name)
        if stack is None:
            out.print(f"Nothing of {name} is in {account.region} of account {account.account}.")
            return
        show(account, stacks, stack, stage)


def show(account: Aws, stacks: Deployments, stack: Stack, stage: str) -> None:
    """Print what there is to say of a stack."""
    from infra.deploy.network import address_of
    from infra.deploy.progress import causes, finished, last_operation, under_way
    from infra.deploy.release import version_of
    from infra.deploy.stacks import IN_PROGRESS, PAUSED, REVIEWED
    from infra.deploy.watching import ringing
    from local_runner.command.stack_view import ENDS, event_line, let_in, show_outputs

    colour = "red" if "FAILED" in stack.status or "ROLLBACK" in stack.status else "green"
    since = f" since {stack.changed:%Y-%m-%d %H:%M:%S %Z}" if stack.changed else ""
    out.print(f"[bold]{stack.name}[/]  [{colour}]{stack.status}[/]{since}", soft_wrap=True)
    if stack.reason:
        out.print(f"  {escape(stack.reason)}", soft_wrap=True)
    if stack.status == REVIEWED:
        out.print("  Only proposed: nothing of it is there. Deploy, or destroy, to end that.")
        return
    out.print(f"  version {version_of(stacks.template(stack.id)) or 'unknown'}")
    show_outputs(stack)
    events = last_operation(stacks.events(stack.id))
    if stack.status.endswith(IN_PROGRESS):
        done = len({event.resource for event in events if finished(event)})
        out.print(f"  {done} resources finished; under way: {', '.join(under_way(events))}")
    resources = stacks.resources(stack.id)
    unfinished = stack.status in {BEING_MADE, *PAUSED}  # so there are no outputs yet
    if unfinished and (address := address_of(resources)):
        let_in(address)
    for event in causes(events):
        out.print(event_line(event), soft_wrap=True)
        out.print(f"    {escape(event.reason)}", soft_wrap=True)
    if stack.status in ENDS:
        out.print(f"  {ENDS[stack.status].format(stage=stage)}", soft_wrap=True)
    alarms = ringing(account, resources)
    for alarm, reason in alarms.items():
        out.print(f"[red]rings[/] {escape(alarm)}: {escape(reason)}", soft_wrap=True)
    if not alarms:
        out.print("[green]✓[/] no alarm rings")
