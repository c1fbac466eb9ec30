"""The pages in their bucket, and the distribution in front of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from infra.deploy.artifacts import NOT_FOUND
from infra.deploy.aws import Aws, DeployError, code_of, told
from infra.pages import Page, files

EVERYTHING = "/*"
"""One path, whatever it matches (Amazon CloudFront developer guide, "Pay for file invalidation").
A page has several addresses, `/admin` and `/admin.html`: naming them could miss one."""

DELETED_AT_ONCE = 1000
"""DeleteObjects takes no more (Amazon S3, API reference)."""


def pages(project: Path) -> list[Page]:
    """What is to be uploaded. Raises DeployError when web/ holds what has no content type here."""
    try:
        return list(files(project))
    except ValueError as error:
        raise DeployError(f"{error}. Nothing was changed.") from error


def upload(aws: Aws, bucket: str, site: Iterable[Page]) -> Iterator[str]:
    """Bring the bucket to what the pages are, and tell each key that was changed or removed.

    Pages come after what they load, and what nothing loads any more is removed last: nobody gets
    a page whose parts are not there.
    """
    s3 = aws.client("s3")
    wanted = {page.key: page for page in site}
    with told():
        for page in sorted(wanted.values(), key=lambda each: each.key.endswith(".html")):
            content = page.content
            if not _is_there(s3, bucket, aws.account, page, content):
                s3.put_object(
                    Bucket=bucket,
                    Key=page.key,
                    Body=content,
                    ContentType=page.content_type,
                    CacheControl=page.cache_control,
                    ExpectedBucketOwner=aws.account,
                )
                yield page.key
        gone = sorted(_keys(s3, bucket, aws.account) - wanted.keys())
        _delete(s3, bucket, aws.account, [{"Key": key} for key in gone])
        yield from gone


def invalidate(aws: Aws, distribution: str) -> None:
    """Let the distribution ask the bucket again, for everything."""
    with told():
        aws.client("cloudfront").create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "Paths": {"Quantity": 1, "Items": [EVERYTHING]},
                "CallerReference": str(uuid4()),
            },
        )


def empty(aws: Aws, bucket: str) -> int:
    """Remove everything, older versions too, as a bucket has to be before it can be deleted.

    Answers how much it was: nothing of a bucket that is gone already.
    """
    s3 = aws.client("s3")
    removed = 0
    with told():
        for objects in _versions(s3, bucket, aws.account):
            _delete(s3, bucket, aws.account, objects)
            removed += len(objects)
    return removed


def _versions(s3: Any, bucket: str, owner: str) -> Iterator[list[dict[str, str]]]:
    found = s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, ExpectedBucketOwner=owner
    )
    try:
        for page in found:
            objects = page.get("Versions", []) + page.get("DeleteMarkers", [])
            yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in objects]
    except ClientError as error:
        if code_of(error) not in NOT_FOUND:
            raise


def _is_there(s3: Any, bucket: str, owner: str, page: Page, content: bytes) -> bool:
    try:
        found = s3.head_object(Bucket=bucket, Key=page.key, ExpectedBucketOwner=owner)
    except ClientError as error:
        if code_of(error) in NOT_FOUND:
            return False
        raise
    # The ETag of what was put in one piece is its MD5 (Amazon S3, API reference, Object).
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    there = found["ETag"].strip('"'), found["ContentType"], found.get("CacheControl")
    return there == (digest, page.content_type, page.cache_control)


def _keys(s3: Any, bucket: str, owner: str) -> set[str]:
    found = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, ExpectedBucketOwner=owner)
    return {each["Key"] for page in found for each in page.get("Contents", [])}


def _delete(s3: Any, bucket: str, owner: str, objects: list[dict[str, str]]) -> None:
    for start in range(0, len(objects), DELETED_AT_ONCE):
        some = objects[start : start + DELETED_AT_ONCE]
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": some, "Quiet": True}, ExpectedBucketOwner=owner
        )
        if refused := answer.get("Errors"):
            first = refused[0]
            raise DeployError(
                f"S3 did not remove {len(refused)} files from {bucket}, the first of them "
                f"{first.get('Key')}: {first.get('Message') or first.get('Code')}"
            )
