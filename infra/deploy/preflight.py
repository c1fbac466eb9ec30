"""What would fail only in the middle of a first deployment, found before anything is made."""

from __future__ import annotations

from infra.deploy.aws import Aws, DeployError, told
from infra.deploy.release import Template

LEFT_UNRESERVED = 100
"""So much concurrency Lambda keeps for functions that reserve none (PutFunctionConcurrency)."""

QUOTA = 'AWS Lambda, "Concurrent executions" (L-B99A9384)'
"""Where Service Quotas has it."""


def check_concurrency(aws: Aws, template: Template) -> None:
    """See that the account may run as many functions at once as the template reserves.

    Raises DeployError when it may not.
    """
    wanted = reserved(template)
    if not wanted:
        return
    with told():
        limits = aws.client("lambda").get_account_settings()["AccountLimit"]
    quota, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    lacking = wanted + LEFT_UNRESERVED - free
    if lacking > 0:
        raise DeployError(
            f"Lambda may run {quota:,} functions at once in {aws.region}, of which {free:,} are "
            f"free. Belfry reserves {wanted:,}, and AWS wants {LEFT_UNRESERVED} left. Ask for at "
            f"least {quota + lacking:,} in the console: Service Quotas, {QUOTA}; it may take a "
            "day. Nothing was made."
        )


def reserved(template: Template) -> int:
    """How many concurrent executions its functions reserve."""
    properties = (each.get("Properties", {}) for each in template["Resources"].values())
    return sum(each.get("ReservedConcurrentExecutions", 0) for each in properties)
