"""Quantities times prices: what each service costs in a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra import prices
from infra.cost.case import Case
from infra.cost.functions import Dispatching, Use, dispatching, uses
from infra.cost.load import SECONDS
from infra.cost.sizes import Broker, Cluster, broker, cluster
from infra.cost.traffic import Traffic, traffic
from infra.prices import Price

HOURS = 730.0
SECRETS = 5
"""Of MongoDB, of the broker, two of the signing keys, of the first administrator."""
SECRETS_READ = 3
"""By a function that starts."""
ALARMS, METRICS, DASHBOARDS = 18, 5, 1
WEB_GB = 0.001
"""The pages, in their bucket."""


@dataclass(frozen=True, slots=True)
class Item:
    """So many of something at its price."""

    service: str
    price: Price
    quantity: float

    @property
    def usd(self) -> float:
        return self.price.of(self.quantity)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month of one case."""

    case: Case
    items: Sequence[Item]
    functions: Sequence[Use]
    dispatching: Dispatching
    broker: Broker
    cluster: Cluster

    @property
    def services(self) -> dict[str, float]:
        """Dollars by service, in the order of a notification's walk."""
        found: dict[str, float] = {}
        for item in self.items:
            found[item.service] = found.get(item.service, 0.0) + item.usd
        found["MongoDB Atlas"] = self.cluster.usd
        return found

    @property
    def usd(self) -> float:
        """All of it, a month."""
        return sum(self.services.values())

    @property
    def per_million(self) -> float:
        """Dollars for each million notifications; 0 when there are none."""
        millions = self.case.load.notifications * SECONDS / 86_400 / 1e6
        return self.usd / millions if millions else 0.0


def estimate(case: Case) -> Estimate:
    """What a month costs."""
    how = dispatching(case)
    happens = traffic(case, how.per_frame)
    functions, size = uses(case), broker(case)
    items = (
        *_gateway(happens),
        *_lambda(case, functions),
        *_queue(size),
        *_network(case, happens),
        *_pages(case, happens),
        *_watching(case, happens, functions),
    )
    return Estimate(case, items, functions, how, size, cluster(case))


def _gateway(happens: Traffic) -> Iterator[Item]:
    yield Item("API Gateway, HTTP", prices.HTTP_REQUEST, happens.http_calls)
    yield Item("API Gateway, WebSocket", prices.WEBSOCKET_MESSAGE, happens.websocket_messages)
    yield Item("API Gateway, WebSocket", prices.CONNECTION_MINUTE, happens.connection_minutes)


def _lambda(case: Case, functions: Sequence[Use]) -> Iterator[Item]:
    yield Item("Lambda", prices.LAMBDA_REQUEST, sum(use.invocations for use in functions))
    price = prices.LAMBDA_ARM if case.arm else prices.LAMBDA_X86
    yield Item("Lambda", price, sum(use.gigabyte_seconds for use in functions))
    yield Item("EventBridge", prices.SCHEDULED, len(case.wiring.schedules) * SECONDS / 60)


def _queue(size: Broker) -> Iterator[Item]:
    yield Item("Amazon MQ", prices.BROKER_HOUR, size.nodes * size.units * HOURS)
    yield Item("Amazon MQ", prices.BROKER_STORAGE, size.gigabytes)


def _network(case: Case, happens: Traffic) -> Iterator[Item]:
    """Functions reach MongoDB and @connections through the NAT gateway, answers included."""
    habits = case.habits
    carried = (
        happens.notifications * habits.mongodb_bytes
        + happens.sessions * habits.mongodb_list_bytes
        + (happens.pushes + happens.events) * habits.frame_bytes * 2
        + SECONDS * habits.idle_bytes
    )
    yield Item("NAT gateway", prices.NAT_HOUR, HOURS)
    yield Item("NAT gateway", prices.ADDRESS_HOUR, HOURS)
    yield Item("NAT gateway", prices.NAT_GB, carried / 1e9)


def _pages(case: Case, happens: Traffic) -> Iterator[Item]:
    """Everything is behind the distribution: pages, calls and sockets."""
    habits = case.habits
    calls = happens.http_calls if case.senders_behind_distribution else happens.calls_of_people
    frames = happens.pushes + happens.events
    sent = happens.sessions * habits.list_bytes + (frames + calls) * habits.frame_bytes
    requests = calls + happens.sessions
    yield Item("CloudFront and S3", prices.CLOUDFRONT_REQUEST, requests)
    yield Item("CloudFront and S3", prices.CLOUDFRONT_GB, sent / 1e9)
    yield Item("CloudFront and S3", prices.S3_GB, WEB_GB)


def _watching(case: Case, happens: Traffic, functions: Sequence[Use]) -> Iterator[Item]:
    invocations = sum(use.invocations for use in functions)
    lines = invocations * case.habits.log_bytes
    gigabytes = (lines + happens.http_calls * case.habits.access_log_bytes) / 1e9
    yield Item("CloudWatch", prices.LOG_GB, gigabytes)
    yield Item("CloudWatch", prices.LOG_STORED_GB, gigabytes * case.habits.log_months)
    yield Item("CloudWatch", prices.METRIC, METRICS)
    yield Item("CloudWatch", prices.ALARM, ALARMS)
    yield Item("CloudWatch", prices.DASHBOARD, DASHBOARDS)
    yield Item("X-Ray", prices.TRACE, sum(_traced(case, use) for use in functions))
    yield Item("Secrets Manager", prices.SECRET_MONTH, SECRETS)
    yield Item("Secrets Manager", prices.SECRET_CALL, invocations * case.habits.cold * SECRETS_READ)


def _traced(case: Case, use: Use) -> float:
    first = min(use.invocations, SECONDS * case.habits.traced_each_second)
    return first + (use.invocations - first) * case.habits.traced
