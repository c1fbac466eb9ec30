"""A stack on the terminal: its changes, what happens to it, why it failed, what it offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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

from infra.deploy.progress import causes, failed, finished, follow
from infra.deploy.stacks import ADVICE, Event, Resource, Stack
from local_runner.console import out

if TYPE_CHECKING:
    from infra.deploy.proposing import Pause
    from infra.deploy.stacks import Change, Stacks

ACTIONS = {"Add": "green", "Modify": "yellow", "Remove": "red"}
REPLACED = {
    "True": "[bold red]replaced by a new one[/]",
    "Conditional": "[red]may be replaced[/]",
}
TAKEN_BACK = "ROLLBACK_IN_PROGRESS"
ENDS = {
    **ADVICE,
    "UPDATE_ROLLBACK_COMPLETE": "Everything was taken back: the version before it runs on.",
}


def show_changes(changes: Sequence[Change]) -> None:
    """A table of what a change set would do."""
    if not changes:
        out.print("No resource changes, only what the stack says of itself.")
        return
    table = Table(box=None, header_style="bold")
    for name in ("action", "resource", "type", "replacement"):
        table.add_column(name, overflow="fold")  # a name that is cut off is no name
    for change in sorted(changes, key=lambda each: (each.action, each.type, each.resource)):
        colour = ACTIONS.get(change.action, "cyan")
        replaced = REPLACED.get(change.replacement, "")
        action = f"[{colour}]{change.action}[/]"
        table.add_row(action, escape(change.resource), change.type, replaced)
    out.print(table)
    counts = Counter(change.action for change in changes)
    told = ", ".join(f"{count} × {action}" for action, count in sorted(counts.items()))
    out.print(f"\n{told}")


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
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with _progress(*columns, TimeElapsedColumn()) as progress:
        task = progress.add_task("CloudFormation works", total=total)
        for event in follow(stacks, stack_id, after, pause):
            events.append(event)
            if event.of_stack and event.status.endswith(TAKEN_BACK):
                progress.console.print("[red]It failed; CloudFormation takes everything back.[/]")
                progress.update(task, description="taking it back", total=None)
            elif finished(event):
                done.add(event.resource)
                progress.console.print(event_line(event), soft_wrap=True)
                progress.update(task, completed=len(done))
    return events


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
    reason = f"{first.resource} ({first.type}): {first.reason or first.status}" if first else ""
    advice = ENDS.get(end.status, "").format(stage=stage) if end else ""
    return f"{reason} {advice}".strip()


def show_outputs(stack: Stack) -> None:
    """What the stack offers, such as its addresses."""
    width = max(map(len, stack.outputs), default=0)
    for name, value in sorted(stack.outputs.items()):
        out.print(f"  {escape(name):<{width}}  {escape(value)}", soft_wrap=True)


def show_resources(resources: Sequence[Resource], kept: Sequence[str]) -> None:
    """What goes with a stack, by type, and what of it stays."""
    goes = Counter(each.type for each in resources if each.logical_id not in kept)
    for kind, count in sorted(goes.items()):
        out.print(f"  [red]{count:>4}[/] × {escape(kind)}", soft_wrap=True)
    for each in resources:
        if each.logical_id in kept:
            out.print(
                f"  [green]kept[/] {escape(each.logical_id)}  {escape(each.physical_id)}",
                soft_wrap=True,
            )
