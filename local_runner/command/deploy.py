"""`belfry deploy`: a package becomes a stack on AWS, its pages follow, and it is tried out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from local_runner.command.deploying import Local, Stage, goes_on, pause, told
from local_runner.console import fail, out

if TYPE_CHECKING:
    from infra.deploy.aws import Aws
    from infra.deploy.parameters import Parameter
    from infra.deploy.release import Located, Release
    from infra.deploy.stacks import ChangeSet, Deployments, Proposal, Stack
    from infra.pages import Page
    from infra.smoke import Limits

PACKAGE = Path("build/package/arm64")

Package = Annotated[
    Path,
    typer.Option("--package", metavar="FOLDER", help="What to deploy; an older one rolls back."),
]
MongodbSecret = Annotated[
    str | None,
    typer.Option(
        "--mongodb-secret",
        metavar="ARN",
        help="The secret with MongoDB's address. Remembered after the first time.",
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", metavar="NAME=VALUE", help="Of the template; remembered. Repeatable."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def deploy(
    stage: Stage,
    mongodb_secret: MongodbSecret = None,
    parameter: Parameters = None,
    package: Package = PACKAGE,
    yes: Yes = False,
    local: Local = False,
) -> None:
    """Deploy to AWS: show what would change, ask, do it, upload the pages, try it out."""
    with told():
        from infra.deploy.aws import aws, stack_name
        from infra.deploy.parameters import given
        from infra.deploy.release import read

        name = stack_name(stage)
        chosen = given(parameter or [])
        chosen["Stage"] = stage
        if mongodb_secret:
            chosen["MongodbSecret"] = mongodb_secret
        release = read(package)
        if local:
            from local_runner.command.deploy_local import deploy_local

            deploy_local(stage, package)
            return
        _deploy(aws(), name, stage, release, chosen, yes)


def _deploy(
    account: Aws, name: str, stage: str, release: Release, chosen: dict[str, str], yes: bool
) -> None:
    from infra.deploy.cloudformation import CloudFormation
    from infra.deploy.proposing import propose
    from infra.deploy.stacks import STUCK, Proposal, keeps, kind_of
    from infra.deploy.website import pages
    from infra.package import ROOT
    from local_runner.command.deploy_stuck import unstick

    site = pages(ROOT)
    stacks = CloudFormation(account)
    stack = stacks.find(name)
    if stack and stack.status == STUCK:
        stack = unstick(stacks, stack, stage, yes)
    kind = kind_of(stack, stage)
    values = _checked(account, stack, release, chosen)
    out.print(f"[bold]{name}[/] to {account.region} of account {account.account}")
    location = _upload(account, release)
    proposal = Proposal(name, kind, location[1], tuple(values), keeps(stack))
    out.print(f"version {location[0].version}; CloudFormation compares it with what there is …")
    found = propose(stacks, stacks, proposal, pause)
    if found is None:
        _refuse_unfinished(stack, stage)
        out.print("[green]Nothing changes[/]: the stack is what the package says.")
    else:
        change(stacks, found, proposal, stage, yes)
    deployed = stacks.find(found.stack_id if found else name)
    if deployed:
        finish(account, deployed, site, patience(first=proposal.keep))


def _checked(
    account: Aws, stack: Stack | None, release: Release, chosen: dict[str, str]
) -> list[Parameter]:
    """The parameters, when nothing is in the way that one can see before anything is made."""
    from infra.deploy.parameters import parameters
    from infra.deploy.preflight import check_concurrency, check_secret
    from infra.deploy.stacks import REVIEWED

    there = stack if stack and stack.status != REVIEWED else None
    values = parameters(release.template, chosen, there.parameters if there else {})
    if there is None:
        check_concurrency(account, release.template)
    if "MongodbSecret" in chosen:
        check_secret(account, chosen["MongodbSecret"])
    return values


def _refuse_unfinished(stack: Stack | None, stage: str) -> None:
    """Nothing changes: that is no good news of a stack that lacks something."""
    from infra.deploy.stacks import PAUSED

    if stack and stack.status in PAUSED:
        fail(
            f"{stack.name} is in {stack.status}, and CloudFormation sees nothing to do: choose "
            "*Retry* in its console, or begin again: "
            f"`belfry destroy --stage {stage}`, then deploy."
        )


def _upload(account: Aws, release: Release) -> tuple[Located, str]:
    """Bring zip and template to S3; answers the template and its address."""
    from infra.deploy.artifacts import Artifacts
    from infra.deploy.release import located
    from local_runner.command.stack_view import upload_bar

    artifacts = Artifacts(account)
    if artifacts.prepare():
        out.print(f"made the bucket {artifacts.bucket}")
    size = release.code.stat().st_size
    with upload_bar(release.code.name, size) as bar:
        sent = artifacts.put_file(
            release.code_key, release.code, lambda count: bar.advance(bar.task_ids[0], count)
        )
    told_size = f"{release.code.name}, {size / 1e6:.1f} MB"
    out.print(f"[green]✓[/] {told_size}: {'uploaded' if sent else 'there already'}")
    template = located(release, artifacts.bucket)
    artifacts.put(template.key, template.body)
    return template, artifacts.url(template.key)


def change(
    stacks: Deployments, found: ChangeSet, proposal: Proposal, stage: str, yes: bool
) -> None:
    """Show the change set, ask, execute it, and show what happens."""
    from infra.deploy.progress import newest, went_well
    from infra.deploy.proposing import execute, withdraw
    from local_runner.command.stack_view import show_addition, show_changes, watch, why

    show = show_addition if proposal.kind == "CREATE" else show_changes
    show(found.changes)
    agreed = False
    try:
        agreed = yes or typer.confirm("Change it so?")
    finally:  # also when Ctrl-C is the answer
        if not agreed:
            withdraw(stacks, stacks, found.id, proposal.stack)
    if not agreed:
        out.print("Nothing was changed.")
        raise typer.Exit(1)
    after = newest(stacks, found.stack_id)
    execute(stacks, stacks, found.id, proposal)
    with goes_on(stage):
        events = watch(stacks, found.stack_id, after, len(found.changes), pause)
    if not went_well(events):
        fail(why(events, stage))
    out.print(f"[green]{proposal.stack} is deployed.[/]")


def patience(*, first: bool) -> Limits:
    """Of the smoke test: a new trigger of a queue takes a while until it polls."""
    from infra.smoke import Limits

    return Limits(frame=180.0, total=600.0) if first else Limits()


def finish(account: Aws, stack: Stack, site: Sequence[Page], limits: Limits) -> None:
    """Bring the pages, show the addresses, and see whether it works."""
    from local_runner.command.stack_view import show_outputs

    if "PagesBucket" in stack.outputs:
        _upload_pages(account, stack, site)
    show_outputs(stack)
    _keep_broker_logs(account, stack)
    if "Url" in stack.outputs:
        _smoke(account, stack, limits)


def _upload_pages(account: Aws, stack: Stack, site: Sequence[Page]) -> None:
    from infra.deploy.website import invalidate, upload

    changed = 0
    for key in upload(account, stack.outputs["PagesBucket"], site):
        changed += 1
        out.print(f"  [green]↑[/] {escape(key)}", soft_wrap=True)
    if "DistributionId" in stack.outputs:
        # Also when nothing changed: the deployment before may have died before it came to this.
        invalidate(account, stack.outputs["DistributionId"])
    out.print(f"[green]✓[/] pages: {f'{changed} changed' if changed else 'as they were'}")


def _keep_broker_logs(account: Aws, stack: Stack) -> None:
    from infra.deploy.broker_logs import keep

    days = stack.parameters.get("LogRetentionDays")
    if days and "BrokerLogs" in stack.outputs:
        count = keep(account, stack.outputs["BrokerLogs"], int(days))
        which = f"{count} log groups" if count else "no logs yet; the next deployment looks again"
        out.print(f"[green]✓[/] the broker's logs: {which}{f', {days} days' if count else ''}")


def _smoke(account: Aws, stack: Stack, limits: Limits) -> None:
    from infra.deploy.watching import administrator
    from infra.smoke import smoke
    from local_runner.command.smoke import show

    admin = administrator(account, stack.outputs["AdministratorSecret"])
    url, websocket_url = stack.outputs["Url"], stack.outputs["WebSocketUrl"]
    with closing(smoke(url, websocket_url, admin.email, admin.password, limits)) as steps:
        try:
            show(steps)
        except typer.Exit:
            out.print("It is deployed all the same. To go back, deploy the package before it.")
            raise
