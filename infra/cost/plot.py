"""Draws the cost against the number of people, who each get and do as much."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from infra.cost.case import Case
from infra.cost.estimate import Estimate, estimate

FORMS = (".svg", ".png")
STEPS_EACH = 8
USERS = tuple(round(10 ** (3 + n / STEPS_EACH)) for n in range(4 * STEPS_EACH + 1))
"""1,000 … 10,000,000."""
MOST_SHOWN = 60.0
"""Dollars for each million: few people pay for a broker that could do much more."""
LARGEST = 6
"""So many services have a colour of their own; the rest is one."""
COLOURS = ("#2f6fde", "#c2410c", "#16855b", "#8b5cf6", "#b7791f", "#0e7490", "#9aa4b0")
REST = "everything else"


def draw(case: Case, path: Path) -> None:
    """Write an SVG or a PNG, by the file's name. Raises OSError."""
    estimates = [estimate(replace(case, load=case.load.with_users(users))) for users in USERS]
    figure = Figure(figsize=(11, 5), layout="constrained")
    load = case.load
    figure.suptitle(
        f"{load.online:.0%} of the people connected, {load.notifications / load.users:,.0f} "
        f"notifications a day for each, kept for {load.kept_days} days",
        fontsize="medium",
    )
    month, million = figure.subplots(1, 2)
    _by_month(month, estimates)
    _by_million(million, estimates)
    # Without a date, and with names that are not drawn by lot, the same figures are the same file.
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with rc_context({"svg.hashsalt": "belfry", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=110, metadata=metadata)


def _by_month(axes: Axes, estimates: list[Estimate]) -> None:
    axes.set_title("A month, in dollars", loc="left")
    axes.plot(USERS, [each.usd for each in estimates], color="#1d2733", linewidth=2.5)
    axes.annotate("all", (USERS[-1], estimates[-1].usd), (5, 0), textcoords="offset points")
    for name, colour in zip(_largest(estimates), COLOURS, strict=False):
        axes.plot(USERS, [each.services[name] for each in estimates], color=colour, label=name)
    axes.set_yscale("log")
    _dress(axes)
    axes.legend(frameon=False, fontsize="small")


def _by_million(axes: Axes, estimates: list[Estimate]) -> None:
    axes.set_title("For each million notifications, in dollars", loc="left")
    names = _largest(estimates)
    shares = [each.per_million / each.usd if each.usd else 0.0 for each in estimates]
    layers = [
        [each.services[name] * share for each, share in zip(estimates, shares, strict=True)]
        for name in names
    ]
    rest = [
        each.per_million - sum(layer[n] for layer in layers) for n, each in enumerate(estimates)
    ]
    axes.stackplot(USERS, *layers, rest, labels=[*names, REST], colors=COLOURS, alpha=0.85)
    axes.set_ylim(0, min(MOST_SHOWN, max(each.per_million for each in estimates) * 1.05))
    _dress(axes)
    axes.legend(frameon=False, fontsize="small")


def _dress(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlim(USERS[0], USERS[-1])
    axes.set_xlabel("people")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _short(value: float) -> str:
    return f"{value / 1e6:g} million" if value >= 1e6 else f"{value:,.0f}"


def _largest(estimates: list[Estimate]) -> list[str]:
    """The services that cost most somewhere, of all that a month of it costs."""
    most = {
        name: max(each.services[name] / each.usd for each in estimates)
        for name in estimates[0].services
    }
    return sorted(most, key=lambda name: -most[name])[:LARGEST]
