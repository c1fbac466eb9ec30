"""The pages in their bucket, and the distribution in front of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from infra.deploy.artifacts import NOT_FOUND
from infra.deploy.aws import Aws, code_of, told
from infra.pages import Page

EVERYTHING = "/*"
"""One path, whatever it matches (Amazon CloudFront developer guide, "Pay for file invalidation").
A page has several addresses, `/admin` and `/admin.html`: naming them could miss one."""

DELETED_AT_ONCE = 1000
"""DeleteObjects takes no more (Amazon S3, API reference)."""


def upload(aws: Aws, bucket: str, pages: Iterable[Page]) -> Iterator[str]:
    """Bring the bucket to what the pages are, and tell each key that was changed or removed.

    Pages come after what they load, and what nothing loads any more is removed last: nobody gets
    a page whose parts are not there.
    """
    s3 = aws.client("s3")
    wanted = {page.key: page for page in pages}
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

    Answers how much it was.
    """
    s3 = aws.client("s3")
    removed = 0
    with told():
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket, ExpectedBucketOwner=aws.account
        )
        for page in pages:
            found = page.get("Versions", []) + page.get("DeleteMarkers", [])
            objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            _delete(s3, bucket, aws.account, objects)
            removed += len(objects)
    return removed


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
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, ExpectedBucketOwner=owner)
    return {each["Key"] for page in pages for each in page.get("Contents", [])}


def _delete(s3: Any, bucket: str, owner: str, objects: list[dict[str, str]]) -> None:
    for start in range(0, len(objects), DELETED_AT_ONCE):
        some = objects[start : start + DELETED_AT_ONCE]
        s3.delete_objects(
            Bucket=bucket, Delete={"Objects": some, "Quiet": True}, ExpectedBucketOwner=owner
        )
