"""Stacks and change sets: the same on the fake and on moto's CloudFormation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.deploy.artifacts import Artifacts
from infra.deploy.aws import DeployError
from infra.deploy.cloudformation import CloudFormation
from infra.deploy.progress import follow, last_operation, newest, went_well
from infra.deploy.proposing import execute, propose, withdraw
from infra.deploy.stacks import (
    ADVICE,
    DELETED,
    PAUSED,
    REVIEWED,
    UPDATABLE,
    Kind,
    Proposal,
    Stack,
    keeps,
    kind_of,
)
from tests.fakes.stacks import FakeStacks
from tests.infra.deploy.emulator import Emulator
from tests.infra.deploy.small_package import SECRET, small_template

NAME = "belfry-try"
VALUES = {"Stage": "try", "MongodbSecret": SECRET}


class World:
    """Stacks of one kind, and a place for templates."""

    def __init__(self, emulator: Emulator | None) -> None:
        self._templates: dict[str, dict[str, Any]] = {}
        self._artifacts = Artifacts(emulator.aws) if emulator else None
        self.stacks: CloudFormation | FakeStacks
        if emulator:
            self.stacks = CloudFormation(emulator.aws)
        else:
            self.stacks = FakeStacks(self._templates.__getitem__)

    def url(self, template: dict[str, Any]) -> str:
        key = f"{len(self._templates)}.json"
        self._templates[key] = template
        if self._artifacts is None:
            return key
        self._artifacts.prepare()
        self._artifacts.put(key, json.dumps(template).encode())
        return self._artifacts.url(key)

    def proposal(self, template: dict[str, Any], kind: Kind = "CREATE") -> Proposal:
        chosen = [{"ParameterKey": k, "ParameterValue": v} for k, v in VALUES.items()]
        before = [{"ParameterKey": k, "UsePreviousValue": True} for k in VALUES]
        return Proposal(
            NAME, kind, self.url(template), tuple(chosen if kind == "CREATE" else before)
        )

    def deploy(self, template: dict[str, Any], kind: Kind = "CREATE") -> Stack:
        found = propose(self.stacks, self.stacks, self.proposal(template, kind), no_pause)
        assert found
        self.stacks.execute(found.id, keep=True)
        return self.stack()

    def stack(self) -> Stack:
        found = self.stacks.find(NAME)
        assert found
        return found


def no_pause() -> None:
    raise AssertionError("there was nothing to wait for")


@pytest.fixture(params=["fake", "moto"])
def world(request: pytest.FixtureRequest) -> World:
    return World(None if request.param == "fake" else request.getfixturevalue("emulator"))


def test_a_stack_that_is_not_there_is_none(world: World) -> None:
    assert world.stacks.find(NAME) is None


def test_a_first_change_set_names_what_is_added(world: World) -> None:
    found = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert found
    assert {(each.action, each.resource, each.type) for each in found.changes} == {
        ("Add", "Pages", "AWS::S3::Bucket"),
        ("Add", "Log", "AWS::Logs::LogGroup"),
        ("Add", "AlarmTopic", "AWS::SNS::Topic"),
    }
    assert world.stack().status == REVIEWED
    assert world.stack().id == found.stack_id


def test_what_was_proposed_and_withdrawn_leaves_nothing(world: World) -> None:
    found = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert found
    withdraw(world.stacks, world.stacks, found.id, NAME)
    assert world.stacks.find(NAME) is None


def test_a_stack_is_made_of_what_the_template_says(world: World) -> None:
    stack = world.deploy(small_template())
    assert stack.status == "CREATE_COMPLETE"
    assert stack.parameters == VALUES
    assert set(world.stacks.template(stack.id)["Resources"]) == {"Pages", "Log", "AlarmTopic"}
    resources = {each.logical_id: each for each in world.stacks.resources(stack.id)}
    assert resources["Pages"].type == "AWS::S3::Bucket"
    assert resources["Pages"].physical_id


def test_deploying_the_same_again_changes_nothing_and_leaves_no_change_set(world: World) -> None:
    stack = world.deploy(small_template())
    proposal = world.proposal(small_template(), "UPDATE")
    assert propose(world.stacks, world.stacks, proposal, no_pause) is None
    assert world.stack() == stack


def test_an_update_names_what_is_added_and_what_goes(world: World) -> None:
    world.deploy(small_template())
    template = small_template(AlarmTopic=None, Queue={"Type": "AWS::SQS::Queue"})
    found = propose(world.stacks, world.stacks, world.proposal(template, "UPDATE"), no_pause)
    assert found
    changes = {(each.action, each.resource) for each in found.changes}
    assert changes >= {("Add", "Queue"), ("Remove", "AlarmTopic")}
    world.stacks.execute(found.id, keep=True)
    assert world.stack().status == "UPDATE_COMPLETE"


def test_what_happens_is_followed_to_its_end(world: World) -> None:
    found = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert found
    after = newest(world.stacks, found.stack_id)
    world.stacks.execute(found.id, keep=True)
    events = list(follow(world.stacks, found.stack_id, after, no_pause))
    statuses = [event.status for event in events if event.of_stack]
    assert statuses == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert went_well(events)
    assert last_operation(world.stacks.events(found.stack_id)) == events


def test_a_deleted_stack_is_found_by_its_id_only(world: World) -> None:
    stack = world.deploy(small_template())
    after = newest(world.stacks, stack.id)
    world.stacks.delete(stack.id)
    assert went_well(list(follow(world.stacks, stack.id, after, no_pause)))
    assert world.stacks.find(NAME) is None
    gone = world.stacks.find(stack.id)
    assert gone
    assert gone.status == DELETED


def test_a_stack_can_be_made_again_under_the_same_name(world: World) -> None:
    first = world.deploy(small_template())
    world.stacks.delete(first.id)
    assert world.deploy(small_template()).id != first.id


def test_events_say_what_a_resource_is_called_in_its_service(world: World) -> None:
    stack = world.deploy(small_template())
    events = [each for each in world.stacks.events(stack.id) if each.resource == "Pages"]
    (pages,) = [each for each in world.stacks.resources(stack.id) if each.logical_id == "Pages"]
    assert all(each.physical_id in ("", pages.physical_id) for each in events)


def test_a_stack_that_was_proposed_and_left_can_be_deployed(world: World) -> None:
    left = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert left
    assert kind_of(world.stack(), "try") == "CREATE"
    found = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert found
    execute(world.stacks, world.stacks, found.id, world.proposal(small_template()))
    stack = world.stacks.find(found.stack_id)
    assert stack
    assert stack.status == "CREATE_COMPLETE"


def test_a_change_set_that_is_refused_leaves_nothing() -> None:
    world = World(None)
    assert isinstance(world.stacks, FakeStacks)
    found = propose(world.stacks, world.stacks, world.proposal(small_template()), no_pause)
    assert found
    world.stacks.refused = "These credentials may not do that"
    with pytest.raises(DeployError, match="may not do that"):
        execute(world.stacks, world.stacks, found.id, world.proposal(small_template()))
    assert world.stacks.find(NAME) is None


def test_what_moto_cannot_deploy_leaves_nothing(emulator: Emulator) -> None:
    world = World(emulator)
    nobody = {"Fn::GetAtt": ["Nobody", "Arn"]}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": nobody}}
    proposal = world.proposal(small_template(Queue=queue))
    found = propose(world.stacks, world.stacks, proposal, no_pause)
    assert found
    with pytest.raises(DeployError, match="undefined resource Nobody"):
        execute(world.stacks, world.stacks, found.id, world.proposal(small_template()))
    assert world.stacks.find(NAME) is None
    assert world.deploy(small_template()).status == "CREATE_COMPLETE"


def test_outputs_are_read(emulator: Emulator) -> None:
    """Moto has them for stacks that were made without a change set only."""
    parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in VALUES.items()]
    body = json.dumps(small_template())
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(StackName=NAME, TemplateBody=body, Parameters=parameters)
    stack = CloudFormation(emulator.aws).find(NAME)
    assert stack
    buckets = emulator.client("s3").list_buckets()["Buckets"]
    assert stack.outputs == {"PagesBucket": buckets[0]["Name"]}


@pytest.mark.parametrize("status", sorted(ADVICE))
def test_a_broken_stack_is_told_with_what_to_do(status: str) -> None:
    with pytest.raises(DeployError, match=f"{status}.*--stage try"):
        kind_of(Stack("id", NAME, status), "try")


@pytest.mark.parametrize(
    "status", ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "DELETE_IN_PROGRESS"]
)
def test_a_stack_that_is_being_changed_is_left_alone(status: str) -> None:
    with pytest.raises(DeployError, match=rf"{status}.*at work.*belfry status --stage try"):
        kind_of(Stack("id", NAME, status), "try")


def test_kinds() -> None:
    assert kind_of(None, "try") == "CREATE"
    assert kind_of(Stack("id", NAME, REVIEWED), "try") == "CREATE"
    assert kind_of(Stack("id", NAME, "UPDATE_ROLLBACK_COMPLETE"), "try") == "UPDATE"


def test_what_is_kept() -> None:
    """Until the first deployment has succeeded; what runs goes back to what it was."""
    assert keeps(None)
    kept = {each for each in UPDATABLE | PAUSED | {REVIEWED} if keeps(Stack("id", NAME, each))}
    assert kept == PAUSED | {REVIEWED}
    assert {kind_of(Stack("id", NAME, each), "try") for each in PAUSED} == {"UPDATE"}


def test_a_status_that_is_new_to_us_is_told_all_the_same() -> None:
    with pytest.raises(DeployError, match=r"LIKE_NEVER_BEFORE.*belfry status --stage try"):
        kind_of(Stack("id", NAME, "LIKE_NEVER_BEFORE"), "try")


def test_every_status_that_aws_knows_is_usable_or_told(emulator: Emulator) -> None:
    shape = emulator.client("cloudformation").meta.service_model.shape_for("StackStatus")
    told = {each for each in shape.enum if each.endswith("_IN_PROGRESS")} | ADVICE.keys()
    assert set(shape.enum) == told | UPDATABLE | PAUSED | {DELETED}
    assert not UPDATABLE & ADVICE.keys()
