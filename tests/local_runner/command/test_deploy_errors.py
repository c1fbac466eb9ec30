"""What `belfry deploy` and its sisters say when something is missing, or fails on the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from botocore.config import Config
from typer.testing import CliRunner, Result

from infra.deploy.aws import Clients, DeployError
from infra.deploy.proposing import propose
from infra.deploy.stacks import Kind, Proposal, Stack, keeps, kind_of
from local_runner.command import deploy, destroy, status
from local_runner.command.deploy_stuck import unstick
from local_runner.command.deploying import goes_on
from local_runner.command.main import app
from tests.fakes.stacks import FakeStacks
from tests.infra.deploy.emulator import Emulator
from tests.infra.deploy.small_package import small_template, write_package

NOTHING: dict[str, str | None] = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    **dict.fromkeys(
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"]
    ),
    **dict.fromkeys(["AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_PORT"]),
}
REGION = {"AWS_DEFAULT_REGION": "eu-central-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


def belfry(*arguments: str | Path, **environment: str) -> Result:
    """Run a command where nothing of AWS is in the environment but what is said."""
    command = [str(each) for each in arguments]
    return CliRunner().invoke(app, command, env={**NOTHING, **environment})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write_package(tmp_path / "package", small_template())


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    running = Emulator()
    running.forget()  # what other files' tests made in this process
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (KEYS, "There is no region: set AWS_DEFAULT_REGION"),
        (REGION, "There are no credentials for AWS"),
        ({**REGION, "AWS_PROFILE": "nobody"}, "AWS_PROFILE: The config profile (nobody)"),
        ({**REGION, **KEYS, **NOWHERE}, "AWS cannot be reached"),
    ],
    ids=["region", "credentials", "profile", "network"],
)
@pytest.mark.parametrize("command", ["deploy", "status", "destroy"])
def test_without_an_account_it_says_what_is_missing(
    package: Path, command: str, environment: dict[str, str], told: str
) -> None:
    more = ["--package", str(package)] if command == "deploy" else []
    result = belfry(command, "--stage", "try", *more, **environment)
    assert result.exit_code == 1
    assert told in result.stderr
    assert result.stdout == ""


def test_without_a_package_it_says_how_to_make_one(tmp_path: Path) -> None:
    result = belfry("deploy", "--stage", "try", "--package", tmp_path)
    assert result.exit_code == 1
    assert "make package" in result.stderr


@pytest.mark.parametrize("command", ["deploy", "status", "destroy"])
def test_a_stage_that_aws_would_refuse_is_told_before_anything_else(command: str) -> None:
    result = belfry(command, "--stage", "My_Stage")
    assert result.exit_code == 1
    assert "--stage My_Stage: a name has" in result.stderr


@pytest.mark.parametrize("command", ["deploy", "status", "destroy"])
def test_without_the_extra_it_says_how_to_install_it(command: str) -> None:
    code = f"""
import sys
sys.modules["boto3"] = None  # as if it were not installed
sys.argv = ["belfry", "{command}", "--stage", "try"]
from local_runner.command.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "boto3 is not installed: `make package` brings it" in done.stderr


def test_a_new_stack_needs_the_secret_and_nothing_is_uploaded_before(
    emulator: Emulator, package: Path
) -> None:
    environment = {name: value for name, value in emulator.environment.items() if value}
    result = belfry("deploy", "--stage", "try", "--package", package, **environment)
    assert result.exit_code == 1
    assert "needs --mongodb-secret ARN. MongoDB's address." in result.stderr
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_local_deployment_without_an_emulator_says_how_to_start_one(package: Path) -> None:
    result = belfry("deploy", "--stage", "try", "--package", package, "--local", **NOWHERE)
    assert result.exit_code == 1
    assert "No emulator of AWS answers at http://127.0.0.1:9" in result.stderr
    assert "docker compose up aws" in result.stderr


class Change:
    """A change set of a fake CloudFormation, and what the command says when it is executed."""

    def __init__(self, templates: dict[str, dict[str, object]]) -> None:
        self.stacks = FakeStacks(templates.__getitem__)

    def __call__(self, template: str, *, update: bool = False) -> None:
        kind: Kind = "UPDATE" if update else "CREATE"
        keep = keeps(self.stacks.find("belfry-try"))
        proposal = Proposal("belfry-try", kind, template, (), keep)
        found = propose(self.stacks, self.stacks, proposal, lambda: None)
        assert found
        deploy.change(self.stacks, found, proposal, "try", yes=True)


@pytest.fixture
def change() -> Change:
    new = small_template(Broker={"Type": "AWS::AmazonMQ::Broker"})
    return Change({"old": small_template(), "new": new})


def test_a_first_deployment_that_fails_names_the_cause_and_the_next_step(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change.stacks.failing["Pages"] = "The bucket name is taken"
    with pytest.raises(typer.Exit):
        change("old")
    said = capsys.readouterr()
    assert "Pages (AWS::S3::Bucket): The bucket name is taken" in said.err
    assert "What was made is kept. Mend that and deploy again" in said.err
    assert "belfry destroy --stage try" in said.err
    assert "cancelled" not in said.err
    assert "takes everything back" not in said.out
    del change.stacks.failing["Pages"]
    change("old", update=True)
    assert "belfry-try is deployed." in capsys.readouterr().out


def test_an_update_that_fails_says_that_the_version_before_runs_on(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change("old")
    change.stacks.failing["Broker"] = "This instance type is not offered here"
    with pytest.raises(typer.Exit):
        change("new", update=True)
    said = capsys.readouterr()
    assert "Broker (AWS::AmazonMQ::Broker): This instance type is not offered here" in said.err
    assert "the version before it runs on" in said.err
    assert "CloudFormation takes everything back" in said.out


@pytest.fixture
def stuck(change: Change, capsys: pytest.CaptureFixture[str]) -> FakeStacks:
    """A stack whose update could not be taken back: `Prepared` failed once more."""
    prepared = {"Type": "Custom::Prepared"}
    new = {"Type": "Custom::Prepared", "Properties": {"Version": "2"}}
    templates = {"old": small_template(Prepared=prepared), "new": small_template(Prepared=new)}
    change.stacks = FakeStacks(templates.__getitem__)
    change("old")
    change.stacks.failing["Prepared"] = "MongoDB does not answer"
    change.stacks.failing_back = {"Prepared"}
    with pytest.raises(typer.Exit):
        change("new", update=True)
    said = capsys.readouterr().err
    assert "Prepared (Custom::Prepared): MongoDB does not answer. Its last update failed" in said
    assert "`Prepared` alone, `belfry deploy --stage try` offers" in said
    return change.stacks


def found_in(stacks: FakeStacks) -> Stack:
    stack = stacks.find("belfry-try")
    assert stack
    return stack


def test_what_only_prepared_holds_up_is_taken_back_without_it(
    stuck: FakeStacks,
) -> None:
    with CliRunner().isolation(input="y\n") as (shown, *_):
        after = unstick(stuck, found_in(stuck), "try", yes=False)
        assert b"Take the rest back without Prepared? [y/N]" in shown.getvalue()
    assert after
    assert after.status == "UPDATE_ROLLBACK_COMPLETE"
    assert kind_of(after, "try") == "UPDATE"


def test_who_says_no_to_that_is_told_what_else_there_is(stuck: FakeStacks) -> None:
    with CliRunner().isolation(input="n\n"):
        after = unstick(stuck, found_in(stuck), "try", yes=False)
    with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_FAILED.*Continue update rollback"):
        kind_of(after, "try")


def test_what_holds_something_is_not_left_out(stuck: FakeStacks) -> None:
    stuck.failing_back.add("Pages")
    stuck.continue_rollback(found_in(stuck).id, [])
    after = unstick(stuck, found_in(stuck), "try", yes=True)
    assert after
    assert after.status == "UPDATE_ROLLBACK_FAILED"


def test_nothing_to_do_is_no_good_news_of_a_stack_that_is_not_whole() -> None:
    with pytest.raises(typer.Exit):
        deploy._refuse_unfinished(Stack("id", "belfry-try", "CREATE_FAILED"), "try")
    deploy._refuse_unfinished(Stack("id", "belfry-try", "UPDATE_COMPLETE"), "try")


def test_each_resource_that_finished_is_a_line(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change("new")
    lines = capsys.readouterr().out.splitlines()
    finished = [line.split()[2] for line in lines if line.startswith("✓")]
    assert sorted(finished) == ["AlarmTopic", "Broker", "Log", "Pages"]


def test_a_deletion_that_fails_names_what_is_left(emulator: Emulator, change: Change) -> None:
    change.stacks = FakeStacks(lambda _: small_template(Pages=None))
    change("any")
    stack = change.stacks.find("belfry-try")
    assert stack
    change.stacks.failing["AlarmTopic"] = "Somebody holds it"
    answers = CliRunner().isolation(input="try\n")
    with answers, pytest.raises(typer.Exit):
        destroy.remove(emulator.aws, change.stacks, stack, "try")
    after = change.stacks.find("belfry-try")
    assert after
    assert after.status == "DELETE_FAILED"


ADDRESS = {"NatAddress": {"Type": "AWS::EC2::EIP"}}


def test_the_address_for_mongodb_is_told_as_soon_as_it_is_there(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change.stacks = FakeStacks(lambda _: small_template(**ADDRESS))
    change("any")
    said = capsys.readouterr().out
    before, _, after = said.partition("Let this address into MongoDB now: physical-NatAddress\n")
    assert "NatAddress" in before
    assert "Pages" in after  # others are still under way
    assert "belfry-try is deployed" in after


def test_an_update_does_not_tell_the_address_again(
    change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = {"AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "B"}}}
    templates = {"old": small_template(**ADDRESS), "new": small_template(**ADDRESS, **topic)}
    change.stacks = FakeStacks(templates.__getitem__)
    change("old")
    capsys.readouterr()
    change("new", update=True)
    assert "Let this address" not in capsys.readouterr().out


def test_status_tells_the_address_while_there_are_no_outputs(
    emulator: Emulator, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change.stacks = FakeStacks(lambda _: small_template(**ADDRESS))
    change("any")
    stack = change.stacks.find("belfry-try")
    assert stack
    capsys.readouterr()
    status.show(emulator.aws, change.stacks, replace(stack, status="CREATE_IN_PROGRESS"), "try")
    assert "Let this address into MongoDB now: physical-NatAddress" in capsys.readouterr().out
    status.show(emulator.aws, change.stacks, replace(stack, status="ROLLBACK_COMPLETE"), "try")
    assert "Let this address" not in capsys.readouterr().out  # it is gone
    outputs = {"NatAddress": "203.0.113.7"}
    status.show(emulator.aws, change.stacks, replace(stack, outputs=outputs), "try")
    said = capsys.readouterr().out
    assert "NatAddress  203.0.113.7" in said
    assert "Let this address" not in said


class Without:
    """Clients of an account in which nobody answers for one service."""

    def __init__(self, clients: Clients, service: str) -> None:
        self._clients = clients
        self._service = service

    def client(self, name: str, *, config: Config) -> Any:
        if name != self._service:
            return self._clients.client(name, config=config)
        session = boto3.Session("testing", "testing", region_name="eu-central-1")
        once = Config(retries={"total_max_attempts": 1})
        return session.client(name, endpoint_url="http://127.0.0.1:9", config=once)


class Left:
    """A stack whose security group is held by an interface that AWS has left."""

    def __init__(self, emulator: Emulator, stacks: FakeStacks) -> None:
        self.emulator = emulator
        self.stacks = stacks
        self._ec2 = emulator.client("ec2")
        self._logs = emulator.client("logs")
        vpc = self._ec2.create_vpc(CidrBlock="10.74.0.0/16")["Vpc"]["VpcId"]
        subnet = self._ec2.create_subnet(VpcId=vpc, CidrBlock="10.74.0.0/20")["Subnet"]
        group = self._ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)
        made = self._ec2.create_network_interface(
            SubnetId=subnet["SubnetId"],
            Groups=[group["GroupId"]],
            Description="AWS Lambda VPC ENI-belfry-try-auth-me",
        )
        self.interface: str = made["NetworkInterface"]["NetworkInterfaceId"]
        self._logs.create_log_group(logGroupName=LOG)
        stacks.physical = {"Group": group["GroupId"], "Broker": "b-1"}
        stacks.failing["Group"] = "resource sg-1 has a dependent object"

    def destroy(self, without: str = "") -> None:
        """Destroy it; the service `without` cannot be reached."""
        stack = self.stacks.find("belfry-try")
        assert stack
        session = Without(self.emulator.aws.session, without)
        account = replace(self.emulator.aws, session=session)
        with CliRunner().isolation(input="try\n") as (out, err, *_):
            try:
                destroy.remove(account, self.stacks, stack, "try")
            finally:
                self.said, self.failure = out.getvalue().decode(), err.getvalue().decode()

    def give_back(self) -> None:
        """What AWS does after a while."""
        self._ec2.delete_network_interface(NetworkInterfaceId=self.interface)
        self.stacks.failing.clear()

    def logs(self) -> list[str]:
        return [each["logGroupName"] for each in self._logs.describe_log_groups()["logGroups"]]


LOG = "/aws/amazonmq/broker/b-1/general"


@pytest.fixture
def left(emulator: Emulator, change: Change) -> Left:
    emulator.forget()
    template = small_template(
        Pages=None,
        Group={"Type": "AWS::EC2::SecurityGroup"},
        Broker={"Type": "AWS::AmazonMQ::Broker"},
    )
    change.stacks = FakeStacks(lambda _: template)
    change("any")
    return Left(emulator, change.stacks)


def test_interfaces_that_are_left_are_named_and_destroying_again_works(left: Left) -> None:
    with pytest.raises(typer.Exit):
        left.destroy()
    assert f"{left.interface}  available  AWS Lambda VPC ENI-belfry-try-auth-me" in left.said
    assert "run `belfry destroy --stage try` again" in " ".join(left.said.split())
    assert left.logs() == [LOG]
    left.give_back()
    left.destroy()
    assert "belfry-try is gone." in left.said
    assert "Broker" not in left.said.partition("Also kept")[0]  # that was removed before
    assert f"{LOG} removed" in left.said
    assert left.logs() == []
    assert left.stacks.find("belfry-try") is None


def test_why_it_failed_is_told_also_when_nobody_knows_what_is_left(
    left: Left,
) -> None:
    with pytest.raises(typer.Exit):
        left.destroy(without="ec2")
    assert "network interfaces" not in left.said
    assert "has a dependent object" in left.failure


def test_logs_that_could_not_be_removed_are_named(left: Left) -> None:
    left.give_back()
    with pytest.raises(typer.Exit):
        left.destroy(without="logs")
    assert "belfry-try is gone." in left.said
    assert "/aws/amazonmq/broker/b-1/…, stay until you delete them" in left.failure


def test_status_of_what_was_only_proposed(
    emulator: Emulator, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    change.stacks.propose(Proposal("belfry-try", "CREATE", "old", ()))
    stack = change.stacks.find("belfry-try")
    assert stack
    status.show(emulator.aws, change.stacks, stack, "try")
    assert "Only proposed: nothing of it is there." in capsys.readouterr().out


def test_what_is_refused_leaves_no_stack_and_the_next_try_works(change: Change) -> None:
    change.stacks.refused = "These credentials may not do that"
    with pytest.raises(DeployError, match="may not do that"):
        change("old")
    assert change.stacks.find("belfry-try") is None
    change.stacks.refused = ""
    change("old")
    stack = change.stacks.find("belfry-try")
    assert stack
    assert stack.status == "CREATE_COMPLETE"


def test_ctrl_c_says_that_cloudformation_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end, goes_on("try"):
        raise KeyboardInterrupt
    assert end.value.exit_code == 130
    assert "goes on by itself: `belfry status --stage try`" in capsys.readouterr().err


def test_a_lost_network_says_so_too() -> None:
    with pytest.raises(DeployError, match=r"cannot be reached.*goes on by itself"), goes_on("try"):
        raise DeployError("AWS cannot be reached.")


def test_no_answer_to_the_question_withdraws_the_change_set(change: Change) -> None:
    proposal = Proposal("belfry-try", "CREATE", "old", ())
    found = propose(change.stacks, change.stacks, proposal, lambda: None)
    assert found
    with CliRunner().isolation(input=""), pytest.raises((typer.Abort, KeyboardInterrupt)):
        deploy.change(change.stacks, found, proposal, "try", yes=False)
    assert change.stacks.find("belfry-try") is None


def test_status_says_how_far_it_is_and_what_failed(
    emulator: Emulator, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    stacks = change.stacks = FakeStacks(lambda _: small_template(), later=True)
    stacks.failing["Log"] = "Log groups are not for you"
    proposal = Proposal("belfry-try", "CREATE", "any", ())
    found = propose(stacks, stacks, proposal, lambda: None)
    assert found
    stacks.execute(found.id, keep=False)
    for _ in range(6):  # the stack itself, and the first two resources
        list(stacks.events(found.stack_id))
    stack = stacks.find("belfry-try")
    assert stack
    status.show(emulator.aws, stacks, replace(stack, status="CREATE_IN_PROGRESS"), "try")
    said = capsys.readouterr().out
    assert "2 resources finished; under way: Pages" in said
    assert "Log groups are not for you" in said
