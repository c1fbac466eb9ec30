"""The cold starts as tables of Markdown and as a drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.cold_start.measure import Compared, Measured, Start

PAGE, DRAWING = "cold-starts.md", "cold-starts.svg"
MARKED = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)


def write(measured: Measured, folder: Path) -> None:
    """Put the figures into the page, when it is there; else into a page of their own."""
    page = folder / PAGE
    text = "\n" + "\n".join(_lines(measured)) + "\n\n"
    page.write_text(MARKED.sub(lambda _: text, page.read_text()) if page.exists() else text)


def _lines(measured: Measured) -> Iterator[str]:
    bare, everything = measured.bare, measured.everything
    yield f"{measured.machine}; medians of {len(bare.ready)} rounds"
    yield ""
    yield (
        f"The zip has {measured.zip_bytes / 1e6:.1f} MB, unpacked "
        f"{measured.unpacked_bytes / 1e6:.1f} MB. A bare Python is ready after "
        f"{median(bare.ready):.0f} ms and has {median(bare.megabytes):.0f} MiB; one that imports "
        f"all functions, after {median(everything.ready):,.0f} ms, with "
        f"{median(everything.megabytes):.0f} MiB."
    )
    yield ""
    yield from _table(
        [
            "function",
            "ready, ms",
            "× bare",
            "× all",
            "first answer, ms",
            "MiB",
            "takes longest, ms",
        ],
        [_row(start, measured) for start in _sorted(measured)],
    )
    yield ""
    yield from _table(
        ["to the first answer, ms", "as it is", "without secrets", "×", "compiled before", "×"],
        [_compared(each) for each in measured.compared],
    )


def _row(start: Start, measured: Measured) -> list[str]:
    ready, answer = start.milliseconds
    imports = ", ".join(f"{name} {milliseconds:.0f}" for name, milliseconds in start.imports)
    return [
        f"`{start.function}`",
        f"{ready:,.0f}",
        f"{_ratio(start.ready, measured.bare.ready):.1f}",
        f"{_ratio(start.ready, measured.everything.ready):.2f}",
        f"{answer:,.0f}",
        f"{median(start.megabytes):.0f}",
        imports,
    ]


def _compared(each: Compared) -> list[str]:
    return [
        f"`{each.function}`",
        f"{median(each.usual):,.0f}",
        f"{median(each.without_secrets):,.0f}",
        f"{_ratio(each.without_secrets, each.usual):.2f}",
        f"{median(each.compiled):,.0f}",
        f"{_ratio(each.compiled, each.usual):.2f}",
    ]


def _ratio(measured: Sequence[float], reference: Sequence[float]) -> float:
    """The median of the rounds' ratios, so that a noisy minute counts on both sides."""
    return median(m / r for m, r in zip(measured, reference, strict=True))


def _sorted(measured: Measured) -> Sequence[Start]:
    """The slowest first."""
    return sorted(measured.starts, key=lambda start: -sum(start.milliseconds))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| --- |{' ---: |' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def draw(measured: Measured, folder: Path) -> None:
    """Each function as a bar of two parts, the slowest at the top."""
    starts = [*reversed(_sorted(measured))]
    names = [start.function for start in starts]
    ready, answer = zip(*(start.milliseconds for start in starts), strict=True)
    figure = Figure(figsize=(8.6, 0.5 + 0.22 * len(starts)), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, ready, color="#2f6fde", label="ready")
    axes.barh(names, answer, left=ready, color="#b7791f", label="first answer")
    axes.axvline(median(measured.bare.ready), color="#1d2733", label="a bare Python")
    axes.axvline(median(measured.everything.ready), color="#c2410c", label="all functions in one")
    axes.set_xlabel("milliseconds of processor time")
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.01)
    axes.legend(loc="lower right")
    with rc_context({"svg.hashsalt": "belfry", "svg.fonttype": "none"}):
        figure.savefig(folder / DRAWING, metadata={"Date": None})
