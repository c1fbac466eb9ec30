"""What each default saves: the same case with that one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from infra.cost.case import Case
from infra.cost.estimate import Estimate, estimate
from infra.cost.traffic import METERED_BYTES

WEBSOCKET = "API Gateway, WebSocket"


@dataclass(frozen=True, slots=True)
class Saving:
    """Dollars a month. `is_so` says whether Belfry does it, or whoever deploys could."""

    what: str
    usd: float
    why: str
    is_so: bool = True


def savings(now: Estimate) -> tuple[Saving, ...]:
    """What is so by default, then what could be."""
    return (*_defaults(now), *_choices(now))


def _defaults(now: Estimate) -> Iterator[Saving]:
    case = now.case
    habits, wiring = case.habits, case.wiring
    yield Saving(
        "tabs that nobody sees disconnect",
        _more(now, _without_sleep(case)),
        f"after 5 minutes; else connected for {habits.tab_minutes:g} instead of "
        f"{habits.connected_minutes:g} at a time",
    )
    yield Saving(
        f"batches of up to {wiring.batch}",
        _more(now, replace(case, wiring=replace(wiring, batch=1))),
        f"here {now.dispatching.batch:,.1f} on average: what comes during one is the next",
    )
    yield Saving(
        f"the authorizer's answer counts for {wiring.authorizer_ttl} s",
        _more(now, replace(case, wiring=replace(wiring, authorizer_ttl=0))),
        "else it is asked about every call",
    )
    yield Saving("arm64", _more(now, replace(case, arm=False)), "x86-64 is a quarter dearer")
    large = replace(habits, frame_bytes=METERED_BYTES + 1.0)
    yield Saving(
        "frames of one notification have 32 KB at most",
        _more(now, replace(case, habits=large, notifications_per_frame=1.0), WEBSOCKET),
        "a byte more would be metered as two messages",
    )
    yield Saving(
        "what one person has in a batch is one frame",
        _more(now, replace(case, notifications_per_frame=1.0), WEBSOCKET),
        f"here {now.dispatching.per_frame:.2f} on average; bursts to one person save more",
    )
    yield Saving(
        "a single broker",
        _more(now, replace(case, broker_nodes=3)),
        "and no cluster of three: when it is away, the outbox keeps everything until it is back",
    )
    slow = {name: max(every, 60.0) for name, every in wiring.schedules.items()}
    yield Saving(
        "sweeps look every second",
        _more(now, replace(case, wiring=replace(wiring, schedules=slow))),
        "they run all the time: the price of a second's delay instead of a minute's",
    )


def _choices(now: Estimate) -> Iterator[Saving]:
    case = now.case
    yield Saving(
        "the parameter Tracing=PassThrough",
        -_more(now, replace(case, habits=replace(case.habits, traced=0, traced_each_second=0))),
        "X-Ray records one call in a second and 5 % of the rest, of each function",
        is_so=False,
    )
    yield Saving(
        "senders call HttpApiUrl",
        -_more(now, replace(case, senders_behind_distribution=False)),
        "instead of the distribution, whose requests cost as much as the API's",
        is_so=False,
    )


def _without_sleep(case: Case) -> Case:
    """Each tab connected as long as it is open: as often, for longer."""
    habits = case.habits
    longer = habits.tab_minutes / habits.connected_minutes
    return replace(
        case,
        load=replace(case.load, devices=case.load.devices * longer),
        habits=replace(habits, connected_minutes=habits.tab_minutes),
    )


def _more(now: Estimate, other: Case, service: str | None = None) -> float:
    """How much dearer the other case is, all in all or in one service."""
    then = estimate(other)
    if service:
        return then.services[service] - now.services[service]
    return then.usd - now.usd
