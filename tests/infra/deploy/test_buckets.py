"""Artifacts and pages in S3, on an emulator of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from infra.deploy import website
from infra.deploy.artifacts import Artifacts
from infra.deploy.aws import Aws, DeployError
from infra.deploy.website import empty, invalidate, upload
from infra.pages import Page
from tests.infra.deploy.emulator import Emulator

BUCKET = "pages"


class Files:
    """Pages with what a test says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self,
        key: str,
        content: bytes = b"<html>",
        content_type: str = "text/html",
        cache_control: str = "no-cache",
    ) -> Page:
        path = self._folder / key.replace("/", "-")
        path.write_bytes(content)
        return Page(key, path, content_type, cache_control)


@pytest.fixture
def file(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def pages(emulator: Emulator) -> Any:
    s3 = emulator.client("s3")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    return s3


def test_the_bucket_is_made_once_private_encrypted_and_versioned(emulator: Emulator) -> None:
    artifacts = Artifacts(emulator.aws)
    assert artifacts.bucket == "belfry-artifacts-123456789012-eu-central-1"
    assert [artifacts.prepare(), artifacts.prepare()] == [True, False]
    s3, bucket = emulator.client("s3"), artifacts.bucket
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    where = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    assert where == "eu-central-1"


def test_a_bucket_that_was_only_half_made_is_finished(emulator: Emulator) -> None:
    artifacts, s3 = Artifacts(emulator.aws), emulator.client("s3")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=artifacts.bucket, CreateBucketConfiguration=place)
    assert not artifacts.prepare()
    assert s3.get_public_access_block(Bucket=artifacts.bucket)
    assert s3.get_bucket_versioning(Bucket=artifacts.bucket)["Status"] == "Enabled"


def test_what_the_owner_has_changed_since_stays(emulator: Emulator) -> None:
    artifacts, s3 = Artifacts(emulator.aws), emulator.client("s3")
    artifacts.prepare()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    chosen = {"Rules": [rule]}
    s3.put_bucket_encryption(Bucket=artifacts.bucket, ServerSideEncryptionConfiguration=chosen)
    artifacts.prepare()
    found = s3.get_bucket_encryption(Bucket=artifacts.bucket)["ServerSideEncryptionConfiguration"]
    assert found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_in_the_home_region_no_place_is_named(emulator: Emulator) -> None:
    assert Artifacts(emulator.aws_in("us-east-1")).prepare()


def test_somebody_elses_bucket_is_not_written_to(emulator: Emulator) -> None:
    """Moto checks no owner, so AWS's answer is put in by botocore's own stubber."""
    artifacts = Artifacts(emulator.aws)
    with Stubber(artifacts._s3) as stub:
        stub.add_client_error("head_bucket", "403", "Forbidden", 403)
        with pytest.raises(DeployError, match=r"belongs to another account.*Nothing was uploaded"):
            artifacts.prepare()
        stub.assert_no_pending_responses()


def test_what_is_there_is_not_uploaded_again(emulator: Emulator, tmp_path: Path) -> None:
    artifacts = Artifacts(emulator.aws)
    artifacts.prepare()
    code = tmp_path / "deployment.zip"
    code.write_bytes(bytes(9_000_000))  # in several parts
    sent: list[int] = []
    assert artifacts.put_file("hash.zip", code, sent.append)
    assert sum(sent) == 9_000_000
    assert not artifacts.put_file("hash.zip", code, sent.append)
    assert sum(sent) == 9_000_000
    assert [artifacts.put("t.json", b"{}"), artifacts.put("t.json", b"{}")] == [True, False]
    found = emulator.client("s3").list_object_versions(Bucket=artifacts.bucket)
    assert sorted(each["Key"] for each in found["Versions"]) == ["hash.zip", "t.json"]


def test_only_pages_that_changed_are_uploaded(emulator: Emulator, pages: Any, file: Files) -> None:
    index, style = file("index.html"), file("web/a.css", b"a{}", "text/css", "max-age=60")
    assert list(upload(emulator.aws, BUCKET, [index, style])) == ["web/a.css", "index.html"]
    assert list(upload(emulator.aws, BUCKET, [index, style])) == []
    found = pages.get_object(Bucket=BUCKET, Key="web/a.css")
    assert (found["Body"].read(), found["ContentType"]) == (b"a{}", "text/css")
    assert found["CacheControl"] == "max-age=60"
    changed = [file("index.html", b"<new>"), file("web/a.css", b"a{}", "text/css", "no-cache")]
    assert list(upload(emulator.aws, BUCKET, changed)) == ["web/a.css", "index.html"]


def test_what_is_no_page_any_more_goes(emulator: Emulator, pages: Any, file: Files) -> None:
    list(upload(emulator.aws, BUCKET, [file("index.html"), file("old.html")]))
    assert list(upload(emulator.aws, BUCKET, [file("index.html")])) == ["old.html"]
    assert [each["Key"] for each in pages.list_objects_v2(Bucket=BUCKET)["Contents"]] == [
        "index.html"
    ]


def test_a_bucket_is_emptied_with_its_older_versions(
    emulator: Emulator, pages: Any, file: Files
) -> None:
    pages.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"1", b"2"):
        list(upload(emulator.aws, BUCKET, [file("index.html", content)]))
    list(upload(emulator.aws, BUCKET, []))
    assert empty(emulator.aws, BUCKET) == 3  # two versions, and the mark of the deletion
    assert empty(emulator.aws, BUCKET) == 0
    pages.delete_bucket(Bucket=BUCKET)


def test_a_bucket_that_somebody_has_deleted_is_empty(emulator: Emulator) -> None:
    assert empty(emulator.aws, "nowhere") == 0


class Holding:
    """An account whose S3 does not let an object go."""

    def __init__(self) -> None:
        self.s3 = boto3.Session("a", "b", region_name="eu-central-1").client("s3")
        self.aws = Aws(self, "123456789012", "eu-central-1")

    def client(self, name: str, *, config: Config) -> Any:
        assert name == "s3"
        return self.s3


def test_what_s3_does_not_remove_is_told() -> None:
    """Moto always lets go, so AWS's answer is put in by botocore's own stubber."""
    account = Holding()
    held = {"Key": "a.html", "Code": "AccessDenied", "Message": "Access Denied"}
    with Stubber(account.s3) as stub:
        found = {"Versions": [{"Key": "a.html", "VersionId": "1"}]}
        stub.add_response("list_object_versions", found)
        stub.add_response("delete_objects", {"Errors": [held]})
        with pytest.raises(DeployError, match=r"1 files from pages.*a\.html: Access Denied"):
            empty(account.aws, BUCKET)


def test_a_kind_of_page_without_a_content_type_is_told(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "index.odt").touch()
    with pytest.raises(DeployError, match=r"content type of \.odt.*Nothing was changed"):
        website.pages(tmp_path)


def test_a_bucket_that_is_not_there_is_told(emulator: Emulator, file: Files) -> None:
    with pytest.raises(DeployError, match="NoSuchBucket"):
        list(upload(emulator.aws, "nowhere", [file("index.html")]))


def test_the_distribution_forgets_everything(emulator: Emulator) -> None:
    made = emulator.distribution()
    invalidate(emulator.aws, made)
    assert emulator.invalidated(made) == [["/*"]]
