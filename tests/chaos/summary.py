"""What a run came to, as rows: for the terminal and for docs/reliability.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from tests.chaos.faults import RUNNERS, Kind
from tests.chaos.measures import (
    Quantiles,
    calm_and_struck,
    incidents,
    longest_way,
    on_all_devices,
)
from tests.chaos.run import Outcome, Plan

Rows = Sequence[tuple[str, str]]


def figures(plan: Plan, outcome: Outcome) -> Rows:
    """Name and value of each."""
    record, ledger = outcome.record, outcome.ledger
    calm, met = calm_and_struck(record)
    accepted = {post.id for post in record.posts if post.is_accepted}
    arrived = set(on_all_devices(record))
    statuses = Counter(post.status for post in record.posts)
    others = {status for status in statuses if status not in (201, 503, None)}
    caught_up = outcome.caught_up
    return [
        ("run", f"seed {plan.seed}, {plan.seconds:.0f} s, {plan.per_second:g} POSTs a second"),
        ("people, devices", f"{plan.people}, {plan.people * plan.devices_each} on two runners"),
        ("POSTs", f"{len(record.posts):,}"),
        ("accepted (201)", f"{record.accepted:,}"),
        ("refused (503)", f"{statuses[503]:,}"),
        *((f"answered {status}", f"{statuses[status]:,}") for status in sorted(others, key=str)),
        ("no connection, or no answer", f"{statuses[None]:,}"),
        ("accepted, and on every device", f"{len(arrived & accepted):,}"),
        ("not accepted, yet on every device", f"{len(arrived - accepted):,}"),
        ("dead letters", f"{len(ledger.dead_letters):,}"),
        ("lists loaded anew by devices", f"{outcome.lists:,}"),
        ("faults", _faults(outcome)),
        ("POST in calm", _latency(Quantiles.of(calm))),
        ("POST under a fault", _latency(Quantiles.of(met))),
        ("longest way from 201 to the last device", f"{longest_way(record):.1f} s"),
        (
            "all on their devices after the end",
            "not within 60 s" if caught_up is None else f"{caught_up:.1f} s",
        ),
    ]


def felt(outcome: Outcome) -> Sequence[tuple[str, str, str, str]]:
    """For each incident: when, what, when its parts served again, how long it was felt."""
    return [
        (
            f"{incident.began:.0f} s",
            str(incident),
            f"{incident.over - incident.began:.1f} s",
            f"{incident.felt:.1f} s" if incident.felt else "not at all",
        )
        for incident in incidents(outcome.record)
    ]


FELT_HEADINGS = ("at", "fault", "serves again after", "felt for")


def tables(plan: Plan, outcome: Outcome) -> Sequence[Table]:
    """For the terminal."""
    shown = Table(box=SIMPLE, pad_edge=False, show_header=False)
    for name, value in figures(plan, outcome):
        shown.add_row(name, value)
    faults = Table(*FELT_HEADINGS, box=SIMPLE, pad_edge=False)
    for row in felt(outcome):
        faults.add_row(*row)
    return [shown, faults]


def markdown(plan: Plan, outcome: Outcome) -> str:
    """For the document: the figures, then the faults."""
    rows = [("figure", "value"), ("---", "---:"), *figures(plan, outcome)]
    faults = [FELT_HEADINGS, ("---:", "---", "---:", "---:"), *felt(outcome)]
    return "\n\n".join(
        "\n".join(f"| {' | '.join(row)} |" for row in table) for table in (rows, faults)
    )


def _faults(outcome: Outcome) -> str:
    kinds = Counter(struck.fault.kind for struck in outcome.record.struck)
    parts = Counter(
        "runner" if struck.fault.part in RUNNERS else struck.fault.part
        for struck in outcome.record.struck
    )
    told = [f"{kinds[kind]} {kind}" for kind in Kind]
    told += [f"{count} {part}" for part, count in sorted(parts.items())]
    return f"{kinds.total()}: {', '.join(told[:3])}; {', '.join(told[3:])}"


def _latency(found: Quantiles | None) -> str:
    return f"p50 {found.p50:,.0f} ms, p99 {found.p99:,.0f} ms" if found else "too few"
