"""The answers as drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from infra.scale.delivery import delivery
from infra.scale.questions import A_SECOND, DEVICES, SHARDS, Answers
from infra.scale.rates import Rates
from infra.scale.system import Deployment

COLOURS = ("#c2410c", "#b7791f", "#16855b", "#2f6fde", "#8b5cf6", "#1d2733", "#db2777")
TOP_SECONDS = 4.0
DRAWN_SECONDS = 4.0
POINTS = 400
"""A curve of more would only make the file larger."""


def draw(answers: Answers, rates: Rates, seed: int, folder: Path) -> Sequence[Path]:
    """Write an SVG for each of the first three questions. Raises OSError."""
    drawn = {
        "scale-shards.svg": _shards(rates, seed),
        "scale-broadcast.svg": _broadcast(answers),
        "scale-reconnect.svg": _reconnect(answers),
    }
    for name, figure in drawn.items():
        # Without a date, and with names that are not drawn by lot, the same seed is the same file.
        with rc_context({"svg.hashsalt": "belfry", "svg.fonttype": "none"}):
            figure.savefig(folder / name, metadata={"Date": None})
    return [folder / name for name in drawn]


def _shards(rates: Rates, seed: int) -> Figure:
    figure, axes = _figure("From POST to frame, 99 % of all, in seconds")
    for rate, colour in zip(A_SECOND, COLOURS, strict=False):
        p99 = []
        for shards in SHARDS:
            deployment = Deployment(shards=shards)
            told = delivery(rate, deployment, rates, seconds=DRAWN_SECONDS, seed=seed)
            p99.append(min(told.percentile(0.99), 2 * TOP_SECONDS))
        axes.plot(SHARDS, p99, marker="o", color=colour, label=f"{rate:,} a second")
    axes.set_xscale("log", base=2)
    axes.set_xticks(SHARDS, [str(each) for each in SHARDS])
    axes.set_xlabel("shards")
    axes.set_ylim(0, TOP_SECONDS)
    axes.legend(frameon=False)
    return figure


def _broadcast(answers: Answers) -> Figure:
    figure, axes = _figure("A broadcast to 1,000,000 people: how many of the connected it reached")
    for (case, told), colour in zip(answers.broadcasts, COLOURS, strict=False):
        step = max(1, len(told.curve) // POINTS)
        points = [*told.curve[::step], told.curve[-1]]
        minutes = [seconds / 60 for seconds, _ in points]
        shares = [reached / told.connected for _, reached in points]
        axes.plot(minutes, shares, color=colour, label=case.name)
    axes.set_xlim(left=0)
    axes.set_xlabel("minutes")
    _percent(axes)
    axes.legend(frameon=False, loc="lower right", fontsize="small")
    return figure


def _reconnect(answers: Answers) -> Figure:
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    each = figure.subplots(1, len(DEVICES), sharey=True)
    for devices, axes in zip(DEVICES, each, strict=True):
        cases = [(case, told) for count, case, told in answers.reconnects if count == devices]
        for (case, told), colour in zip(cases, COLOURS, strict=False):
            step = max(1, len(told.curve) // POINTS)
            shares = [connected / devices for connected in told.curve[::step]]
            minutes = [index * step / 60 for index in range(len(shares))]
            axes.plot(minutes, shares, color=colour, label=case.name)
        axes.set_title(f"{devices:,} lost their sockets at once: who is back", loc="left")
        axes.set_xlabel("minutes")
        axes.set_xlim(0, 20 if devices < max(DEVICES) else 90)
        _dress(axes)
        _percent(axes)
    each[-1].legend(frameon=False, loc="center right", fontsize="small")
    return figure


def _figure(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.5, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    _dress(axes)
    return figure, axes


def _percent(axes: Axes) -> None:
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))


def _dress(axes: Axes) -> None:
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
