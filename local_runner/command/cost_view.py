"""How `belfry cost` shows an estimate: as tables, with bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.bar import Bar
from rich.table import Table

from infra import prices as table
from infra.cost import Estimate
from infra.cost.savings import Saving
from infra.prices import Price

BAR = 24
MOST_FUNCTIONS = 6


def heading(now: Estimate) -> str:
    load = now.case.load
    return (
        f"[bold]${now.usd:,.0f} a month[/], "
        f"${now.per_million:,.2f} for each million notifications\n"
        f"{load.users:,} people, {load.connected:,.0f} devices connected on average, "
        f"{load.notifications:,.0f} notifications a day, kept for {load.kept_days} days; "
        f"{table.REGION}, prices as read in {table.STATE}"
    )


def services(now: Estimate) -> Table:
    """What each costs, the dearest first, with its bar."""
    shown = _table("service", "a month", "per million", "")
    shown.columns[0].justify = "left"
    found = sorted(now.services.items(), key=lambda each: -each[1])
    largest = max(usd for _, usd in found)
    for name, usd in found:
        per_million = usd / now.usd * now.per_million
        bar = Bar(largest, 0, usd, width=BAR, color="blue")
        shown.add_row(name + _what(now, name), _dollars(usd), _dollars(per_million), bar)
    shown.add_section()
    shown.add_row("[bold]all[/]", f"[bold]{_dollars(now.usd)}[/]", _dollars(now.per_million), "")
    return shown


def _what(now: Estimate, service: str) -> str:
    if service == "Amazon MQ":
        return f" [dim]{now.broker.nodes} × {now.broker.name}[/]"
    return f" [dim]{now.cluster.name}[/]" if service == "MongoDB Atlas" else ""


def functions(now: Estimate) -> Table:
    """The dearest functions of Lambda."""
    shown = _table("function", "a month", "calls", "each", "memory")
    shown.columns[0].justify = "left"
    price = table.LAMBDA_ARM.tiers[0][1]
    request = table.LAMBDA_REQUEST.tiers[0][1]
    rows = [
        (use.gigabyte_seconds * price + use.invocations * request, use) for use in now.functions
    ]
    rows.sort(key=lambda row: -row[0])
    for usd, use in rows[:MOST_FUNCTIONS]:
        shown.add_row(
            use.function,
            _dollars(usd),
            _count(use.invocations),
            _time(use.milliseconds),
            f"{use.megabytes} MB",
        )
    rest = rows[MOST_FUNCTIONS:]
    if rest:
        shown.add_row(
            f"{len(rest)} others",
            _dollars(sum(usd for usd, _ in rest)),
            _count(sum(use.invocations for _, use in rest)),
            "",
            "",
        )
    return shown


def savings(found: Sequence[Saving]) -> Table:
    """What is so by default, then what could be."""
    shown = _table("saves", "a month", "because")
    shown.columns[0].justify = shown.columns[2].justify = "left"
    for number, each in enumerate(found):
        if number and found[number - 1].is_so and not each.is_so:
            shown.add_section()
        name = each.what if each.is_so else f"[yellow]would:[/] {each.what}"
        shown.add_row(name, _dollars(each.usd), f"[dim]{each.why}[/]")
    return shown


def notes(now: Estimate) -> str:
    """What the numbers do not say by themselves."""
    lines = [
        (
            "An estimate: nothing of it was billed by AWS. docs/scale.md has what is assumed, "
            "`belfry cost --prices` the prices. No free tier is taken off; taxes, support and "
            "backups are not in it."
        )
    ]
    needed, declared = now.dispatching.queues, now.case.wiring.shards
    if needed > declared:
        lines.append(
            f"[yellow]The busiest hour needs {needed} delivery queues; "
            f"openapi.yaml has {declared}.[/]"
        )
    if now.cluster.shards > 1:
        lines.append("[yellow]Belfry was never run on a sharded MongoDB.[/]")
    return "\n".join(lines)


def prices() -> Iterator[str]:
    """Every price, with its source; lines that may be long."""
    yield f"[bold]US dollars in {table.REGION}[/], looked through in {table.STATE}"
    for price in vars(table).values():
        if isinstance(price, Price):
            yield f"\n[bold]{price.name}[/]  {_tiers(price)}"
            by = "" if price.official else f", read at {price.read}"
            yield f"  [dim]{price.page}{by} ({price.state})[/]"
            if price.note:
                yield f"  [dim]{price.note}[/]"
    yield "\n[bold]MongoDB Atlas[/]  three nodes, an hour"
    for tier in table.TIERS:
        yield f"  {tier.name:<4} {tier.usd_per_hour:>5.2f}  {tier.disk:>5,} GB"
    yield f"  [dim]{table.ATLAS} (2026-09)[/]"


def _tiers(price: Price) -> str:
    scale, unit = (1e6, f"million {price.unit}s") if price.tiers[0][1] < 1e-4 else (1, price.unit)
    further = [f"{usd * scale:,.4g} above {start:,.0f}" for start, usd in price.tiers[1:]]
    return ", ".join([f"{price.tiers[0][1] * scale:,.4g} per {unit}", *further])


def _table(*columns: str) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, justify="right")
    return shown


def _dollars(usd: float) -> str:
    sign = "−" if usd <= -0.005 else ""
    return f"{sign}${abs(usd):,.2f}" if abs(usd) < 1000 else f"{sign}${abs(usd):,.0f}"


def _count(number: float) -> str:
    return f"{number / 1e6:,.1f} M" if number >= 1e5 else f"{number:,.0f}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:,.0f} s" if milliseconds >= 1000 else f"{milliseconds:,.0f} ms"
