"""What would fail only in the middle of a deployment, found before anything is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, DeployError, code_of, told
from infra.deploy.release import Template

LEFT_UNRESERVED = 100
"""So much concurrency Lambda keeps for functions that reserve none (PutFunctionConcurrency)."""

ANOTHER = "make another one. Nothing was made."

QUOTA = 'AWS Lambda, "Concurrent executions" (L-B99A9384)'
"""Where Service Quotas has it."""


NO_KEY_OF_ITS_OWN = "alias/aws/secretsmanager"
"""The key that everybody's functions may use, when they may read the secret."""


def check_secret(aws: Aws, arn: str) -> None:
    """See that the functions will be able to read MongoDB's address.

    Raises DeployError when there is no such secret here, or it has a key of its own.
    """
    with told():
        found = _secret(aws, arn)
        if found.get("DeletedDate"):
            raise DeployError(f"--mongodb-secret: {arn} is being deleted. Restore it, or {ANOTHER}")
        if found["ARN"] != arn:
            raise DeployError(f"--mongodb-secret: the whole ARN of that secret is {found['ARN']}")
        key = found.get("KmsKeyId") or NO_KEY_OF_ITS_OWN
        if not key.endswith(NO_KEY_OF_ITS_OWN) and _is_the_customers(aws, key):
            raise DeployError(
                f"--mongodb-secret: {arn} is encrypted with {key}, a key that Belfry's functions "
                f"may not use. Give it the key aws/secretsmanager, or {ANOTHER}"
            )


def _secret(aws: Aws, arn: str) -> Mapping[str, Any]:
    of = arn.split(":")[3:5]
    if of != [aws.region, aws.account]:
        raise DeployError(
            f"--mongodb-secret: {arn} is not in {aws.region} of account {aws.account}, where this "
            f"is deployed to: {ANOTHER}"
        )
    try:
        found: Mapping[str, Any] = aws.client("secretsmanager").describe_secret(SecretId=arn)
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            raise DeployError(f"--mongodb-secret: there is no {arn}. Nothing was made.") from error
        raise
    return found


def _is_the_customers(aws: Aws, key: str) -> bool:
    # What is made in the console names its key, also that of Secrets Manager, and by its id.
    metadata = aws.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    return bool(metadata["KeyManager"] != "AWS")


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
