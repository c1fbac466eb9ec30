"""The timeline of a run as a picture: rates, latency, and the faults as bars below them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from tests.chaos.faults import PARTS, Kind
from tests.chaos.measures import Quantiles, incidents, on_all_devices
from tests.chaos.record import Post, Record

LATENCY_SECONDS = 2.0
"""The posts of so long make one point of the latency."""

# Apart in lightness, not only in hue, and by their pattern: for greyscale and for all eyes.
ACCEPTED, DELIVERED, NOT_ACCEPTED, LATENCY = "#a9cce8", "#08306b", "#d6604d", "#5e3c99"
KINDS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.KILL: {"facecolor": "#2b2b2b", "edgecolor": "#2b2b2b"},
    Kind.PAUSE: {"facecolor": "#f4a259", "edgecolor": "#7a3e00", "hatch": "/////"},
    Kind.RESTART: {"facecolor": "#ffffff", "edgecolor": "#2b6cb0", "hatch": "....."},
}
SHADE = "#ececec"
BAR = 0.5


def draw(record: Record, title: str, file: Path) -> None:
    """Write the picture as a PNG. The title stands left of the first legend."""
    figure = Figure(figsize=(11, 7.2), dpi=130, layout="constrained")
    rates, latency, faults = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 2])
    end = max([post.ended for post in record.posts], default=1.0)
    end = max(end, *on_all_devices(record).values(), 1.0)
    for axes in (rates, latency, faults):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(0, end + 1)
        axes.xaxis.set_major_locator(MultipleLocator(10 if end < 100 else 30))
    for axes in (rates, latency):
        axes.grid(axis="y", color="#d9d9d9", linewidth=0.6)
        axes.set_axisbelow(True)
        for incident in incidents(record):
            axes.axvspan(incident.began, incident.over, color=SHADE, linewidth=0)
    _draw_rates(rates, record, int(end) + 1)
    _draw_latency(latency, record.posts)
    _draw_faults(faults, record)
    rates.set_title(title, fontsize=11, loc="left")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file)


def _draw_rates(axes: Axes, record: Record, seconds: int) -> None:
    accepted = _per_second((post.ended for post in record.posts if post.is_accepted), seconds)
    refused = _per_second((post.ended for post in record.posts if not post.is_accepted), seconds)
    delivered = _per_second(on_all_devices(record).values(), seconds)
    middles = [second + 0.5 for second in range(seconds)]
    axes.bar(middles, accepted, width=1.0, color=ACCEPTED, label="accepted (201)")
    axes.plot(middles, delivered, color=DELIVERED, linewidth=1.3, label="on every device")
    axes.plot(
        middles,
        [count or nan for count in refused],
        color=NOT_ACCEPTED,
        linestyle="none",
        marker="x",
        markersize=5,
        label="not accepted",
    )
    axes.set_ylabel("notifications per second")
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=9, frameon=False)


def _draw_latency(axes: Axes, posts: Sequence[Post]) -> None:
    slots: dict[int, list[Post]] = defaultdict(list)
    for post in posts:
        slots[int(post.began / LATENCY_SECONDS)].append(post)
    found = {slot: Quantiles.of(slots[slot]) for slot in sorted(slots)}
    points = [((slot + 0.5) * LATENCY_SECONDS, of.p99) for slot, of in found.items() if of]
    axes.plot(
        [at for at, _ in points],
        [p99 for _, p99 in points],
        color=LATENCY,
        linewidth=1.1,
        marker="o",
        markersize=2.5,
    )
    axes.set_yscale("log")
    ticks = {10: "10 ms", 100: "100 ms", 1_000: "1 s", 10_000: "10 s"}
    axes.set_ylim(5, 30_000)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.set_ylabel(f"POST, p99 of {LATENCY_SECONDS:g} s")


def _draw_faults(axes: Axes, record: Record) -> None:
    lanes = {part: len(PARTS) - number for number, part in enumerate(PARTS)}
    for struck in record.struck:
        over = struck.over if struck.over is not None else record.now()
        lane = lanes[struck.fault.part]
        span = (struck.began, max(over - struck.began, 0.4))
        axes.broken_barh([span], (lane - 0.4, BAR), linewidth=0.8, **KINDS[struck.fault.kind])
        axes.annotate(
            f"{over - struck.began:.1f} s",
            (struck.began, lane - 0.4 + BAR),
            xytext=(0, 1),
            textcoords="offset points",
            va="bottom",
            fontsize=8,
        )
    axes.set_yticks(list(lanes.values()), list(lanes))
    axes.set_ylim(0.4, len(PARTS) + 0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("seconds of the run")
    axes.legend(
        handles=[Patch(label=kind.value, **KINDS[kind]) for kind in Kind],
        loc="upper center",
        bbox_to_anchor=(0.5, -0.32),
        ncols=len(Kind),
        fontsize=9,
        frameon=False,
        title="from the fault until the part serves again",
        title_fontsize=9,
    )


def _per_second(times: Iterable[float], seconds: int) -> list[int]:
    counts = [0] * seconds
    for time in times:
        counts[min(int(time), seconds - 1)] += 1
    return counts
