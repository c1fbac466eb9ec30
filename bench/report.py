"""What the figures are shown as: a table on the terminal, JSON, Markdown and charts."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from bench.chart import svg
from bench.figure import Figure

MARKED = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
IMPORT = "import "


def machine() -> str:
    """On what is measured, and what else went on there when it was asked, in a line."""
    cores, load, python = os.cpu_count(), os.getloadavg()[0], platform.python_version()
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, Python {python}, "
        f"load {load:.1f} before"
    )


def table(figures: Sequence[Figure]) -> Table:
    shown = Table(box=SIMPLE, pad_edge=False)
    shown.add_column("figure\n[dim]its reference[/]", min_width=27)
    for name in ("measured", "reference", "ratio", "aim"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column()
    for figure in figures:
        name, *numbers, aims, against = _cells(figure)
        mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[figure.met]
        shown.add_row(f"{name}\n[dim]{against}[/]", *numbers, aims.replace(", ", "\n"), mark)
    return shown


def _cells(figure: Figure) -> list[str]:
    return [
        figure.name,
        f"{_number(figure.value)} {figure.unit}",
        _number(figure.reference_value),
        f"{figure.ratio:.2f}",
        ", ".join(map(str, figure.aims)),
        f"{figure.against}; {figure.note}" if figure.note else figure.against,
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def write(figures: Sequence[Figure], where: str, folder: Path) -> None:
    """benchmarks.json and the charts; benchmarks.md gets its table anew when it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": where,
        "figures": [figure.to_json() for figure in figures],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / "benchmarks.json").write_text(text)
    walk = [figure for figure in figures if not figure.name.startswith(IMPORT)]
    imports = [figure for figure in figures if figure.name.startswith(IMPORT)]
    for name, part in (("benchmarks.svg", walk), ("benchmarks-imports.svg", imports)):
        if part:
            (folder / name).write_text(svg(part))
    page = folder / "benchmarks.md"
    if page.exists():
        page.write_text(MARKED.sub(lambda _: _markdown(figures, where), page.read_text()))


def _markdown(figures: Sequence[Figure], where: str) -> str:
    rows = [
        ["figure", "measured", "reference", "ratio", "aim", "reference is"],
        ["---", "---:", "---:", "---:", "---:", "---"],
        *map(_cells, figures),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return f"\n{where}\n\n" + "\n".join(lines) + "\n\n"
