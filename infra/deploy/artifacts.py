"""The bucket that packages are deployed from: `belfry-artifacts-<account>-<region>`.

A key is the hash of the content, so nothing is uploaded twice, and an older package can be deployed
again. The name could be guessed and taken by somebody else; so each call says whose bucket it
has to be (Amazon S3 user guide, "Verifying bucket ownership").
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, DeployError, code_of, told

HOME_REGION = "us-east-1"
"""The one that CreateBucket must not be told (Amazon S3, API reference, LocationConstraint)."""

NOT_FOUND = {"404", "NoSuchBucket", "NoSuchKey", "NotFound"}
FORBIDDEN = {"403", "AccessDenied"}

Progress = Callable[[int], object]
"""Is told how many more bytes have been sent."""


class Artifacts:
    """The bucket of one account and region; it is made when it is missing."""

    def __init__(self, aws: Aws) -> None:
        self.bucket = f"belfry-artifacts-{aws.account}-{aws.region}"
        self._owner = {"ExpectedBucketOwner": aws.account}
        self._region = aws.region
        self._s3: Any = aws.client("s3")

    def prepare(self) -> bool:
        """Make the bucket, private, encrypted and versioned, when it is missing or half made.

        Answers whether it was missing. Raises DeployError when it belongs to somebody else.
        """
        with told():
            missing = not self._is_there()
            if missing:
                self._s3.create_bucket(Bucket=self.bucket, **self._location())
            if missing or not self._is_finished():
                self._finish()
            return missing

    def put_file(self, key: str, file: Path, progress: Progress) -> bool:
        """Upload a file; answers whether it was missing."""
        with told():
            if self._has(key):
                return False
            self._s3.upload_file(
                str(file), self.bucket, key, ExtraArgs=self._owner, Callback=progress
            )
            return True

    def put(self, key: str, content: bytes) -> bool:
        """Upload what is in memory; answers whether it was missing."""
        with told():
            if self._has(key):
                return False
            self._s3.upload_fileobj(BytesIO(content), self.bucket, key, ExtraArgs=self._owner)
            return True

    def url(self, key: str) -> str:
        """Where CloudFormation finds it."""
        suffix = ".cn" if self._region.startswith("cn-") else ""
        return f"https://{self.bucket}.s3.{self._region}.amazonaws.com{suffix}/{key}"

    def _location(self) -> dict[str, Any]:
        if self._region == HOME_REGION:
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self._region}}

    def _is_finished(self) -> bool:
        # What `_finish` does last. A bucket that has it was finished, and is its owner's since.
        found = self._s3.get_bucket_versioning(Bucket=self.bucket, **self._owner)
        return bool(found.get("Status") == "Enabled")

    def _finish(self) -> None:
        bucket = {"Bucket": self.bucket, **self._owner}
        closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy")
        block = dict.fromkeys((*closed, "RestrictPublicBuckets"), True)
        self._s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        self._s3.put_bucket_encryption(
            **bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )
        self._s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})

    def _is_there(self) -> bool:
        try:
            self._s3.head_bucket(Bucket=self.bucket, **self._owner)
        except ClientError as error:
            if code_of(error) in NOT_FOUND:
                return False
            if code_of(error) in FORBIDDEN:
                raise DeployError(
                    f"The bucket {self.bucket} belongs to another account, or these credentials "
                    "may not use it. Nothing was uploaded."
                ) from error
            raise
        return True

    def _has(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self.bucket, Key=key, **self._owner)
        except ClientError as error:
            if code_of(error) in NOT_FOUND:
                return False
            raise
        return True
