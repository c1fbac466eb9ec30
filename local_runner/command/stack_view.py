"""A stack on the terminal: its changes, what happens to it, why it failed, what it offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from infra.deploy.network import address_in
from infra.deploy.progress import causes, failed, finished, follow
from infra.deploy.stacks import ADVICE, PAUSED, Event, Resource, Stack
from local_runner.console import out

if TYPE_CHECKING:
    from infra.deploy.network import Interface
    from infra.deploy.proposing import Pause
    from infra.deploy.stacks import Change, Stacks

REMOVED, REPLACED, MAYBE = "removed", "replaced by a new one", "may be replaced"
CHANGED, ADDED = "changed in place", "added"
GROUPS = {REMOVED: "red", REPLACED: "red", MAYBE: "red", CHANGED: "yellow", ADDED: "green"}
"""What becomes of a resource, in the order in which one wants to know."""

REPLACEMENTS = {"True": REPLACED, "Conditional": MAYBE}
ACTIONS = {"Add": ADDED, "Remove": REMOVED, "Modify": CHANGED}
NO_BREAK = "\N{NO-BREAK SPACE}"
TAKEN_BACK = "ROLLBACK_IN_PROGRESS"
KEPT = (
    "What was made is kept. Mend that and deploy again: only the rest is tried. Or begin again: "
    "`belfry destroy --stage {stage}`."
)
ENDS = {
    **ADVICE,
    **dict.fromkeys(PAUSED, KEPT),
    "UPDATE_ROLLBACK_COMPLETE": "Everything was taken back: the version before it runs on.",
}


def show_addition(changes: Sequence[Change]) -> None:
    """What a new stack will have, counted: its parts are more than one can look at."""
    out.print(_counted((change.type for change in changes), "green"))
    out.print(f"\nThe stack is new: {len(changes)} resources are added.")


def _counted(types: Iterable[str], colour: str) -> Table:
    """How many there are of each service, such as EC2, and of each of its types."""
    services: dict[str, Counter[str]] = {}
    for type_ in types:
        *_, service, kind = type_.split("::")
        services.setdefault(service, Counter())[kind] += 1
    table = Table(box=None, show_header=False)
    table.add_column(justify="right", style=colour)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for service, kinds in sorted(services.items(), key=lambda each: -each[1].total()):
        counts = (f"{count}{NO_BREAK}{escape(kind)}" for kind, count in kinds.most_common())
        table.add_row(str(kinds.total()), escape(service), ", ".join(counts))
    return table


def show_changes(changes: Sequence[Change]) -> None:
    """Everything that a change set would do, what is lost first."""
    if not changes:
        out.print("No resource changes, only what the stack says of itself.")
        return
    counts = []
    for group, colour in GROUPS.items():
        some = sorted((each.type, each.resource) for each in changes if _group(each) == group)
        if some:
            counts.append(f"{len(some)} {group}")
            out.print(f"[bold {colour}]{group}[/]")
        for type_, resource in some:
            out.print(f"  [{colour}]{escape(resource)}[/]  [dim]{type_}[/]", soft_wrap=True)
    out.print(f"\n{', '.join(counts)}", soft_wrap=True)


def _group(change: Change) -> str:
    # CloudFormation decides some on the way: those may be replaced, too.
    return REPLACEMENTS.get(change.replacement) or ACTIONS.get(change.action, MAYBE)


@contextmanager
def upload_bar(name: str, size: int) -> Iterator[Progress]:
    """A bar for a number of bytes. It disappears at the end."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    with _progress(*columns) as progress:
        progress.add_task(name, total=size)
        yield progress


def watch(
    stacks: Stacks, stack_id: str, after: str | None, total: int, pause: Pause
) -> list[Event]:
    """Show what happens to a stack until it has come to an end: a line for each that finished."""
    events: list[Event] = []
    done: set[str] = set()
    with counting("CloudFormation works", total) as progress:
        task = progress.task_ids[0]
        for event in follow(stacks, stack_id, after, pause):
            events.append(event)
            if event.of_stack and event.status.endswith(TAKEN_BACK):
                progress.console.print("[red]It failed; CloudFormation takes everything back.[/]")
                progress.update(task, description="taking it back", total=None)
            elif finished(event):
                done.add(event.resource)
                progress.console.print(event_line(event), soft_wrap=True)
                progress.update(task, completed=len(done))
            if address := address_in(event):
                let_in(address)
    return events


def let_in(address: str) -> None:
    """Somebody has to do this while CloudFormation works: nobody here may do it for them."""
    out.print(
        f"\n[bold yellow]Let this address into MongoDB now:[/] [bold]{escape(address)}[/]\n"
        "That is where functions come from; in Atlas it is Network Access, Add IP Address. "
        "When the broker stands, in a quarter of an hour or so, `Prepared` calls MongoDB, and "
        "if nothing answers for some minutes, it fails: deploy again when the address is let in.\n"
    )


@contextmanager
def counting(what: str, total: int) -> Iterator[Progress]:
    """A bar for a number of things, and how long it has taken. It disappears at the end."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with _progress(*columns, TimeElapsedColumn()) as progress:
        progress.add_task(what, total=total)
        yield progress


def _progress(*columns: ProgressColumn) -> Progress:
    """Of a log, such as that of CI, a bar would leave empty lines."""
    return Progress(*columns, console=out, transient=True, disable=not out.is_terminal)


def event_line(event: Event) -> str:
    """One line: what happened to which resource."""
    mark = "[red]✗[/]" if failed(event) else "[green]✓[/]"
    what = event.status.replace("_", " ").lower()
    return f"{mark} {event.at:%H:%M:%S}  {escape(event.resource)}  [dim]{event.type}[/]  {what}"


def why(events: Sequence[Event], stage: str) -> str:
    """What failed first, and what is to be done, in sentences. `events` are in order."""
    end = events[-1] if events else None
    first = next(iter(causes(events)), end)
    what = (first.reason or first.status).rstrip(".") if first else ""
    reason = f"{first.resource} ({first.type}): {what}." if first else ""
    advice = ENDS.get(end.status, "").format(stage=stage) if end else ""
    return f"{reason} {advice}".strip()


def show_outputs(stack: Stack) -> None:
    """What the stack offers, such as its addresses."""
    width = max(map(len, stack.outputs), default=0)
    for name, value in sorted(stack.outputs.items()):
        out.print(f"  {escape(name):<{width}}  {escape(value)}", soft_wrap=True)


def show_resources(resources: Sequence[Resource], kept: Sequence[str]) -> None:
    """What goes with a stack, counted, and what of it stays."""
    out.print(_counted((each.type for each in resources if each.logical_id not in kept), "red"))
    for each in resources:
        if each.logical_id in kept:
            out.print(
                f"  [green]kept[/] {escape(each.logical_id)}  {escape(each.physical_id)}",
                soft_wrap=True,
            )


def show_interfaces(interfaces: Sequence[Interface], stage: str) -> None:
    """What AWS has left in a network, so that the network could not be deleted."""
    out.print("\nThese network interfaces are left, and hold what could not be removed:")
    for each in interfaces:
        told = f"{each.id}  {each.status}  [dim]{escape(each.description)}[/]"
        out.print(f"  [yellow]{told}[/]", soft_wrap=True)
    out.print(
        "Lambda and Amazon MQ give back theirs by themselves, mostly within the hour: run "
        f"`belfry destroy --stage {stage}` again then. One that stays `available` is nobody's: "
        "delete it in EC2's console first."
    )
