"""`belfry deploy`, `status` and `destroy`, against an emulator of CloudFormation and S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from infra.deploy.stacks import Change, Stack
from infra.deploy.website import pages, upload
from infra.package import ROOT
from infra.smoke import Limits
from local_runner.command import deploy as command
from local_runner.command.main import app
from local_runner.command.stack_view import show_addition, show_changes
from local_runner.console import out
from tests.infra.deploy.emulator import Emulator
from tests.infra.deploy.small_package import small_template, write_package

LOGS = "/aws/amazonmq/broker/b-1/"
QUEUE = {"Type": "AWS::SQS::Queue"}
SITE = pages(ROOT)


class Terminal:
    """The command, with the environment that leads to the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def __call__(self, *arguments: str | Path, answer: str | None = None) -> Result:
        command = [str(each) for each in arguments]
        return CliRunner().invoke(app, command, env=self.emulator.environment, input=answer)

    def secret(self) -> str:
        """The ARN of the secret with MongoDB's address."""
        secrets = self.emulator.client("secretsmanager")
        return str(secrets.create_secret(Name="mongodb", SecretString="mongodb://…")["ARN"])

    def deploy(self, package: Path, *more: str, answer: str | None = None) -> Result:
        return self("deploy", "--stage", "try", "--package", package, *more, answer=answer)


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def belfry(running_emulator: Emulator) -> Terminal:
    running_emulator.forget()
    return Terminal(running_emulator)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_package(tmp_path / "package", small_template())


def first(belfry: Terminal, package: Path) -> Result:
    result = belfry.deploy(package, "--mongodb-secret", belfry.secret(), "--yes")
    assert result.exit_code == 0, result.output
    return result


def test_a_first_deployment_shows_what_it_adds_and_asks(belfry: Terminal, package: Path) -> None:
    result = belfry.deploy(package, "--mongodb-secret", belfry.secret(), answer="y\n")
    assert result.exit_code == 0, result.output
    assert "made the bucket belfry-artifacts-123456789012-eu-central-1" in result.stdout
    assert "uploaded" in result.stdout
    assert "3 resources are added" in result.stdout
    assert "1\N{NO-BREAK SPACE}Bucket" in result.stdout
    assert "Change it so? [y/N]" in result.stdout
    assert "belfry-try is deployed" in result.stdout


def test_the_quota_is_asked_before_anything_is_made(belfry: Terminal, tmp_path: Path) -> None:
    """Moto does not know the question, so that this is as far as it gets."""
    reserving = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"ReservedConcurrentExecutions": 200},
    }
    package = write_package(tmp_path / "package", small_template(Poll=reserving))
    result = belfry.deploy(package, "--mongodb-secret", belfry.secret(), "--yes")
    assert result.exit_code == 1
    assert "GetAccountSettings" in result.stderr
    assert belfry.emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_secret_that_is_not_there_is_told_before_anything_is_made(
    belfry: Terminal, package: Path
) -> None:
    nobody = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nobody-abc123"
    result = belfry.deploy(package, "--mongodb-secret", nobody, "--yes")
    assert result.exit_code == 1
    assert f"there is no {nobody}" in " ".join(result.stderr.split())
    assert belfry.emulator.client("s3").list_buckets()["Buckets"] == []


def test_deploying_twice_changes_nothing(belfry: Terminal, package: Path) -> None:
    first(belfry, package)
    again = belfry.deploy(package)
    assert again.exit_code == 0, again.output
    assert "there already" in again.stdout
    assert "Nothing changes" in again.stdout
    assert "Change it so?" not in again.stdout
    summaries = belfry.emulator.client("cloudformation").list_change_sets(StackName="belfry-try")
    assert [each["Status"] for each in summaries["Summaries"]] == ["CREATE_COMPLETE"]  # executed


def test_who_says_no_has_changed_nothing(belfry: Terminal, package: Path) -> None:
    result = belfry.deploy(package, "--mongodb-secret", belfry.secret(), answer="n\n")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.stdout
    assert belfry.emulator.client("cloudformation").describe_stacks()["Stacks"] == []


def test_an_older_package_takes_a_newer_one_back(belfry: Terminal, tmp_path: Path) -> None:
    old = write_package(tmp_path / "old", small_template(), b"old")
    new = write_package(tmp_path / "new", small_template(Queue=QUEUE), b"new")
    first(belfry, old)
    update = belfry.deploy(new, "--yes")
    assert "1 added" in update.stdout
    back = belfry.deploy(old, "--yes")
    assert back.exit_code == 0, back.output
    assert "1 removed" in back.stdout
    assert "there already" in back.stdout


def test_status_says_what_is_deployed(belfry: Terminal, package: Path) -> None:
    version = first(belfry, package).stdout.partition("version ")[2].partition(";")[0]
    result = belfry("status", "--stage", "try")
    assert result.exit_code == 0, result.output
    assert "belfry-try  CREATE_COMPLETE since " in result.stdout
    assert f"version {version}" in result.stdout
    assert "no alarm rings" in result.stdout


def test_status_of_nothing(belfry: Terminal) -> None:
    result = belfry("status", "--stage", "try")
    assert result.exit_code == 0
    assert "Nothing of belfry-try is in eu-central-1 of account 123456789012" in result.stdout


def test_destroying_asks_for_the_name_and_then_nothing_is_there(
    belfry: Terminal, package: Path
) -> None:
    first(belfry, package)
    s3 = belfry.emulator.client("s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if "pages" in b["Name"]]
    s3.put_object(Bucket=bucket, Key="index.html", Body=b"<html>")
    result = belfry("destroy", "--stage", "try", answer="try\n")
    assert result.exit_code == 0, result.output
    assert "kept Log" in result.stdout
    assert f"1 files removed from {bucket}" in result.stdout
    assert "belfry-try is gone" in result.stdout
    again = belfry("destroy", "--stage", "try")
    assert again.exit_code == 0
    assert "Nothing there" in again.stdout
    buckets = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert buckets == ["belfry-artifacts-123456789012-eu-central-1"]


def test_another_name_destroys_nothing(belfry: Terminal, package: Path) -> None:
    first(belfry, package)
    result = belfry("destroy", "--stage", "try", answer="prod\n")
    assert result.exit_code == 1
    assert "Nothing was changed" in result.stderr
    assert "CREATE_COMPLETE" in belfry("status", "--stage", "try").stdout


def test_the_pages_follow_and_what_is_there_stays(belfry: Terminal) -> None:
    s3 = belfry.emulator.client("s3")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="pages", CreateBucketConfiguration=place)
    stack = Stack("id", "belfry-try", "CREATE_COMPLETE", outputs={"PagesBucket": "pages"})
    command.finish(belfry.emulator.aws, stack, SITE, Limits())
    keys = {each["Key"] for each in s3.list_objects_v2(Bucket="pages")["Contents"]}
    assert {"web/index.html", "openapi.yaml"} <= keys
    before = s3.head_object(Bucket="pages", Key="web/index.html")["LastModified"]
    command.finish(belfry.emulator.aws, stack, SITE, Limits())
    assert s3.head_object(Bucket="pages", Key="web/index.html")["LastModified"] == before


def test_the_distribution_forgets_also_what_an_upload_that_died_has_brought(
    belfry: Terminal,
) -> None:
    s3 = belfry.emulator.client("s3")
    place = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="pages", CreateBucketConfiguration=place)
    list(upload(belfry.emulator.aws, "pages", SITE))  # and then it died
    distribution = belfry.emulator.distribution()
    outputs = {"PagesBucket": "pages", "DistributionId": distribution}
    stack = Stack("id", "belfry-try", "UPDATE_COMPLETE", outputs=outputs)
    command.finish(belfry.emulator.aws, stack, SITE, Limits())
    assert belfry.emulator.invalidated(distribution) == [["/*"]]


def test_a_smoke_test_that_fails_ends_the_command(
    belfry: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    import typer

    secrets = belfry.emulator.client("secretsmanager")
    who = json.dumps({"email": "admin@example.com", "password": "secret"})
    arn = secrets.create_secret(Name="administrator", SecretString=who)["ARN"]
    outputs = {
        "Url": "http://127.0.0.1:9",  # where nobody listens
        "WebSocketUrl": "ws://127.0.0.1:9/ws",
        "AdministratorSecret": arn,
    }
    stack = Stack("id", "belfry-try", "CREATE_COMPLETE", outputs=outputs)
    with pytest.raises(typer.Exit):
        command.finish(belfry.emulator.aws, stack, SITE, Limits(total=0.0))
    said = capsys.readouterr()
    assert "no time left" in said.out
    assert "every part answers" in said.out
    assert "deployed all the same" in said.out


def test_a_new_stack_gets_more_patience() -> None:
    assert command.patience(first=False) == Limits()
    patient = command.patience(first=True)
    assert (patient.frame, patient.total) == (180.0, 600.0)


CHANGES = [
    Change("Add", "Queue", "AWS::SQS::Queue"),
    Change("Modify", "Log", "AWS::Logs::LogGroup", "False"),
    Change("Modify", "Topic", "AWS::SNS::Topic", "Conditional"),
    Change("Modify", "Broker", "AWS::AmazonMQ::Broker", "True"),
    Change("Remove", "Pages", "AWS::S3::Bucket"),
    Change("Dynamic", "Nested", "AWS::CloudFormation::Stack"),
]


def test_what_is_lost_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    show_changes(CHANGES)
    assert capsys.readouterr().out.splitlines() == [
        "removed",
        "  Pages  AWS::S3::Bucket",
        "replaced by a new one",
        "  Broker  AWS::AmazonMQ::Broker",
        "may be replaced",
        "  Nested  AWS::CloudFormation::Stack",
        "  Topic  AWS::SNS::Topic",
        "changed in place",
        "  Log  AWS::Logs::LogGroup",
        "added",
        "  Queue  AWS::SQS::Queue",
        "",
        "1 removed, 1 replaced by a new one, 2 may be replaced, 1 changed in place, 1 added",
    ]


@given(st.lists(st.sampled_from(CHANGES), min_size=1))
def test_every_change_is_shown_once(changes: list[Change]) -> None:
    with out.capture() as shown:
        show_changes(changes)
    lines = shown.get().splitlines()
    assert sum(line.startswith("  ") for line in lines) == len(changes)


def test_a_new_stack_is_counted_by_service(capsys: pytest.CaptureFixture[str]) -> None:
    types = ["AWS::SQS::Queue", *["AWS::Lambda::Function"] * 49, *["AWS::Lambda::Permission"] * 2]
    show_addition([Change("Add", "A", type_) for type_ in types])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["51", "Lambda", "49", "Function,", "2", "Permission"],
        ["1", "SQS", "1", "Queue"],
        [],
        ["The", "stack", "is", "new:", "52", "resources", "are", "added."],
    ]


def test_the_brokers_logs_are_kept_as_long_as_the_others(
    belfry: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = belfry.emulator.client("logs")
    for name in (f"{LOGS}general", f"{LOGS}connection", "/aws/amazonmq/broker/b-2/general"):
        logs.create_log_group(logGroupName=name)
    stack = Stack("id", "belfry-try", "CREATE_COMPLETE", outputs={"BrokerLogs": LOGS})
    command.finish(belfry.emulator.aws, stack, SITE, Limits())
    assert "broker's logs" not in capsys.readouterr().out  # for ever is not what a stranger chose
    chosen = replace(stack, parameters={"LogRetentionDays": "7"})
    command.finish(belfry.emulator.aws, chosen, SITE, Limits())
    assert "the broker's logs: 2 log groups, 7 days" in capsys.readouterr().out
    found = logs.describe_log_groups()["logGroups"]
    kept = {each["logGroupName"]: each.get("retentionInDays") for each in found}
    assert kept == {
        f"{LOGS}general": 7,
        f"{LOGS}connection": 7,
        "/aws/amazonmq/broker/b-2/general": None,
    }


def test_a_broker_without_logs_yet_is_told(
    belfry: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs, parameters = {"BrokerLogs": LOGS}, {"LogRetentionDays": "7"}
    stack = Stack("id", "belfry-try", "CREATE_COMPLETE", "", outputs, parameters)
    command.finish(belfry.emulator.aws, stack, SITE, Limits())
    assert "no logs yet; the next deployment looks again" in capsys.readouterr().out
