"""What is seen of a run while it runs: a line for each fault, and below it the counts, live."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from tests.chaos.record import Record, Struck

REFRESH_SECONDS = 0.25
FAULT_STYLES = {"kill": "red", "pause": "yellow", "restart": "cyan"}


class Screen:
    """Draws on a terminal; elsewhere only the lines of the faults are printed."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.fields[clock]}"),
            BarColumn(24),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
        )
        self._seconds = seconds
        self._task = self._progress.add_task("starting", total=seconds, clock="     ")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def tell(self, doing: str) -> None:
        """Say what goes on."""
        self._progress.update(self._task, description=doing)
        self._progress.console.print(f"[dim]{doing}[/]")

    def struck(self, struck: Struck) -> None:
        style = FAULT_STYLES[struck.fault.kind]
        self._line(struck.began, f"[{style}]{struck.fault}[/]")

    def over(self, struck: Struck) -> None:
        assert struck.over is not None
        took = struck.over - struck.began
        self._line(struck.over, f"[green]{struck.fault.part} serves again[/] after {took:.1f} s")

    def _line(self, at: float, text: str) -> None:
        self._progress.console.print(f"{at:6.1f} s  {text}")

    async def follow(self, record: Record) -> None:
        """Show the counts until cancelled."""
        while True:
            now = record.now()
            counts = (
                f"accepted [bold]{record.accepted:,}[/]   "
                f"delivered [bold]{record.delivered:,}[/]   "
                f"not accepted {len(record.posts) - record.accepted:,}"
            )
            self._progress.update(
                self._task,
                completed=min(now, self._seconds),
                description=counts,
                clock=f"{int(now) // 60}:{int(now) % 60:02}",
            )
            await asyncio.sleep(REFRESH_SECONDS)
