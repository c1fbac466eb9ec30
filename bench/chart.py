"""Draws figures as an SVG: for each the measured bar, the reference's, and a line at the aim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from bench.figure import Aim, Figure

WIDTH, BARS, LEFT, ROW, TOP = 860, 360, 300, 44, 34
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d2733 }
.quiet { fill: #66707c; font-size: 12px }
.measured { fill: #2f6fde } .reference { fill: #b9c2cd } .aim { stroke: #c2410c; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ed } .quiet { fill: #9aa4b0 } .reference { fill: #5a6572 }
}
"""


def svg(figures: Sequence[Figure]) -> str:
    """Rows have scales of their own, because their units differ."""
    height = TOP + ROW * len(figures)
    rows = [
        row for number, figure in enumerate(figures) for row in _row(figure, TOP + number * ROW)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>Benchmarks</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="measured" x="{LEFT}" y="8" width="12" height="12"/>',
            f'<text x="{LEFT + 18}" y="19">measured</text>',
            f'<rect class="reference" x="{LEFT + 110}" y="8" width="12" height="12"/>',
            f'<text x="{LEFT + 128}" y="19">reference</text>',
            f'<line class="aim" x1="{LEFT + 226}" x2="{LEFT + 226}" y1="6" y2="22"/>',
            f'<text x="{LEFT + 234}" y="19">aim</text>',
            *rows,
            "</svg>\n",
        ]
    )


def _row(figure: Figure, y: int) -> Iterator[str]:
    aims = [_position(aim, figure) for aim in figure.aims]
    full = max(figure.value, figure.reference_value, *aims, 1e-9)
    yield f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(figure.name)}</text>'
    for value, kind, top in (
        (figure.value, "measured", y + 4),
        (figure.reference_value, "reference", y + 20),
    ):
        width = BARS * value / full
        yield f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{width:.1f}" height="14" rx="2"/>'
        shown = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
        yield (
            f'<text class="quiet" x="{LEFT + width + 8:.1f}" y="{top + 11}">'
            f"{shown} {escape(figure.unit)}</text>"
        )
    for aim in aims:
        x = LEFT + BARS * aim / full
        yield f'<line class="aim" x1="{x:.1f}" x2="{x:.1f}" y1="{y + 1}" y2="{y + 37}"/>'


def _position(aim: Aim, figure: Figure) -> float:
    return aim.value * figure.reference_value if aim.of_reference else aim.value
