"""`python -m tests.chaos`: kills and pauses parts while notifications flow, and proves that each
accepted one is in exactly one inbox and on each device of its person.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from tests.chaos.parts import ChaosError
from tests.chaos.plot import draw
from tests.chaos.run import SIGNALS, Outcome, Plan, Run
from tests.chaos.screen import Screen
from tests.chaos.summary import markdown, tables
from tests.chaos.world import world

LOCAL = Path(__file__).resolve().parent.parent.parent / ".local"
MARKED = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
MOST_SHOWN = 20

out = Console(highlight=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def chaos(
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same faults. Drawn if left out.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=0.5, max=10, help="How long notifications are posted.")
    ] = 3,
    rate: Annotated[float, typer.Option(min=1, help="POSTs a second.")] = 30,
    people: Annotated[int, typer.Option(min=1, help="With two devices each.")] = 12,
    folder: Annotated[
        Path,
        typer.Option(
            "--out", help="Where the timeline goes; a reliability.md there gets the figures, too."
        ),
    ] = LOCAL / "chaos",
) -> None:
    """Kill, pause and restart parts at random under load, and prove that nothing is lost."""
    plan = Plan(
        seed=random.randrange(10_000) if seed is None else seed,
        seconds=minutes * 60,
        per_second=rate,
        people=people,
        devices_each=2,
    )
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)
    out.print(
        f"[bold]chaos[/], seed {plan.seed}: {len(plan.faults)} faults in {plan.seconds:.0f} s"
    )
    LOCAL.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=LOCAL) as temporary:
        logging.basicConfig(filename=Path(temporary) / "chaos.log", level=logging.INFO)
        try:
            outcome = _run(plan, Path(temporary))
        except ChaosError as error:
            _keep_logs(Path(temporary), folder)
            _fail(f"The run failed: {error}. Logs: {folder / 'logs'}")
        except KeyboardInterrupt:
            out.print("interrupted; everything that was started is ended")
            raise typer.Exit(130) from None
        except Exception:
            _keep_logs(Path(temporary), folder)
            raise
        if outcome.wrongs:
            _keep_logs(Path(temporary), folder)
    _show(plan, outcome, folder)
    if outcome.wrongs:
        _fail(f"{len(outcome.wrongs)} things are wrong. Logs: {folder / 'logs'}")
    out.print("[green]Nothing lost, nothing twice, nothing misplaced.[/]")


def _run(plan: Plan, temporary: Path) -> Outcome:
    with Screen(out, plan.seconds) as screen:
        screen.tell("starting MongoDB, RabbitMQ and two runners")
        with world(temporary) as started:
            try:
                return asyncio.run(Run(plan, started, screen).outcome())
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None
            finally:
                # Ending in order takes some seconds; a second Ctrl-C would leave processes behind.
                for number in SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
                screen.tell("ending everything")


def _show(plan: Plan, outcome: Outcome, folder: Path) -> None:
    for table in tables(plan, outcome):
        out.print(table)
    file = folder / "reliability.png"
    title = f"{len(plan.faults)} faults under {plan.per_second:g} POSTs a second (seed {plan.seed})"
    draw(outcome.record, title, file)
    out.print(f"timeline: {file}", soft_wrap=True)
    page = folder / "reliability.md"
    if page.exists():
        page.write_text(MARKED.sub(lambda _: f"\n{markdown(plan, outcome)}\n\n", page.read_text()))
    for wrong in outcome.wrongs[:MOST_SHOWN]:
        out.print(f"[red]✗[/] {wrong.id or ''} {escape(wrong.text)}", soft_wrap=True)
        if wrong.id and wrong.id in outcome.traces:
            out.print(f"  trace: {escape(outcome.traces[wrong.id])}", soft_wrap=True)


def _keep_logs(temporary: Path, folder: Path) -> None:
    """What the parts logged, for whoever looks for the cause."""
    for log in temporary.rglob("*.log"):
        kept = folder / "logs" / log.relative_to(temporary)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, kept)


def _fail(text: str) -> NoReturn:
    out.print(f"[red]✗[/] {escape(text)}", soft_wrap=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
