"""Requests per second of a function that does nothing: the price of gateway and invoker.

wrk over 16 connections, in turn against the runner's gateway and against a bare uvicorn that gives
the same answer.
"""

from __future__ import annotations

from bench.figure import Aim, Figure, Tell
from bench.load import ROUNDS, SECONDS, WARM_UP_SECONDS, wrk
from bench.processes import server


def measure(tell: Tell) -> list[Figure]:
    measured, reference = [], []
    with server("trivial") as (gateway, _), server("bare") as (bare, _):
        for address in (gateway, bare):
            wrk(f"http://{address}/hello", WARM_UP_SECONDS)
        for number in range(ROUNDS):
            tell(f"round {number + 1} of {ROUNDS}")
            measured.append(wrk(f"http://{gateway}/hello", SECONDS))
            reference.append(wrk(f"http://{bare}/hello", SECONDS))
    return [
        Figure(
            "trivial function",
            "/s",
            measured,
            reference,
            "bare uvicorn with the same answer",
            aims=(Aim(8000), Aim(0.5, of_reference=True)),
        )
    ]
