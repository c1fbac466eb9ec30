"""What is shown while CloudFormation works: each event once, and the cause of a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy.progress import causes, finished, follow, last_operation, newest, went_well
from infra.deploy.proposing import propose
from infra.deploy.stacks import ChangeSet, Event, Proposal
from tests.fakes.stacks import FakeStacks
from tests.infra.deploy.small_package import small_template

PROPOSAL = Proposal("belfry-try", "CREATE", "", ())
BUSY = {"Queue": {"Type": "AWS::SQS::Queue"}}


class Pauses:
    """Counts how often somebody waited."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        assert self.count < 100


def proposed(stacks: FakeStacks, proposal: Proposal = PROPOSAL) -> ChangeSet:
    found = propose(stacks, stacks, proposal, Pauses())
    assert found
    return found


def execute(stacks: FakeStacks, proposal: Proposal = PROPOSAL) -> list[Event]:
    found = proposed(stacks, proposal)
    after = newest(stacks, found.stack_id)
    stacks.execute(found.id, keep=proposal.keep)
    return list(follow(stacks, found.stack_id, after, Pauses()))


def test_the_change_set_is_waited_for() -> None:
    stacks, pauses = FakeStacks(lambda _: small_template()), Pauses()
    stacks.pending_looks = 3
    assert propose(stacks, stacks, PROPOSAL, pauses)
    assert pauses.count == 3


class Interrupted(Pauses):
    """Somebody presses Ctrl-C in the first so many waits."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    def __call__(self) -> None:
        super().__call__()
        if self.count <= self._times:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("looks", "times"), [(1, 1), (4, 1), (4, 2), (99, 1)], ids=["soon", "later", "again", "never"]
)
def test_a_wait_that_is_interrupted_leaves_nothing(looks: int, times: int) -> None:
    """CloudFormation discards no change set that it is still making."""
    stacks = FakeStacks(lambda _: small_template())
    stacks.pending_looks = looks
    with pytest.raises(KeyboardInterrupt):
        propose(stacks, stacks, PROPOSAL, Interrupted(times))
    assert stacks.find("belfry-try") is None


def test_an_interrupted_update_leaves_the_stack() -> None:
    templates = {"old": small_template(), "new": small_template(**BUSY)}
    stacks = FakeStacks(templates.__getitem__)
    execute(stacks, replace(PROPOSAL, template_url="old"))
    stacks.pending_looks = 4
    with pytest.raises(KeyboardInterrupt):
        propose(stacks, stacks, Proposal("belfry-try", "UPDATE", "new", ()), Interrupted(1))
    assert stacks.change_sets == []
    stack = stacks.find("belfry-try")
    assert stack
    assert stack.status == "CREATE_COMPLETE"


def test_events_that_come_one_by_one_are_each_told_once() -> None:
    at_once = execute(FakeStacks(lambda _: small_template()))
    stacks = FakeStacks(lambda _: small_template(), later=True)
    found = proposed(stacks)
    stacks.execute(found.id, keep=False)
    pauses = Pauses()
    one_by_one = list(follow(stacks, found.stack_id, None, pauses))
    assert [(each.resource, each.status) for each in one_by_one][1:] == [
        (each.resource, each.status) for each in at_once
    ]
    assert pauses.count == len(one_by_one) - 1


def test_the_cause_is_told_and_not_what_was_cancelled_because_of_it() -> None:
    stacks = FakeStacks(lambda _: small_template(**BUSY))
    stacks.failing["Pages"] = "The bucket name is taken"
    events = execute(stacks)
    assert not went_well(events)
    assert events[-1].status == "ROLLBACK_COMPLETE"
    assert len([each for each in events if each.status == "CREATE_FAILED"]) > 1
    assert [(each.resource, each.reason) for each in causes(events)] == [
        ("Pages", "The bucket name is taken")
    ]


def test_an_update_that_failed_is_seen_by_who_comes_later() -> None:
    templates = {"old": small_template(), "new": small_template(**BUSY)}
    stacks = FakeStacks(templates.__getitem__)
    execute(stacks, replace(PROPOSAL, template_url="old"))
    stacks.failing["Queue"] = "You have too many queues"
    events = execute(stacks, Proposal("belfry-try", "UPDATE", "new", ()))
    stack = stacks.find("belfry-try")
    assert stack
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    seen = last_operation(stacks.events(stack.id))
    assert seen == events
    assert [each.resource for each in causes(seen)] == ["Queue"]


def test_what_a_first_deployment_has_made_is_kept_until_it_succeeds() -> None:
    stacks = FakeStacks(lambda _: small_template())
    stacks.failing["Pages"] = "The bucket name is taken"
    events = execute(stacks, replace(PROPOSAL, keep=True))
    assert [events[-1].status, went_well(events)] == ["CREATE_FAILED", False]
    again = replace(PROPOSAL, kind="UPDATE", keep=True)
    assert execute(stacks, again)[-1].status == "UPDATE_FAILED"
    stacks.failing.clear()
    assert went_well(execute(stacks, again))


def test_a_deletion_that_failed_names_what_could_not_be_deleted() -> None:
    stacks = FakeStacks(lambda _: small_template())
    stack_id = execute_and_find(stacks)
    stacks.failing["Pages"] = "The bucket is not empty"
    after = newest(stacks, stack_id)
    stacks.delete(stack_id)
    events = list(follow(stacks, stack_id, after, Pauses()))
    assert not went_well(events)
    assert [each.reason for each in causes(events)] == ["The bucket is not empty"]


def execute_and_find(stacks: FakeStacks) -> str:
    execute(stacks)
    stack = stacks.find("belfry-try")
    assert stack
    return stack.id


@given(st.sets(st.sampled_from(["Pages", "Log", "AlarmTopic"])))
def test_whatever_fails_every_resource_is_told_once(failing: set[str]) -> None:
    stacks = FakeStacks(lambda _: small_template())
    stacks.failing.update(dict.fromkeys(failing, "no reason"))
    events = execute(stacks)
    ends = [each.resource for each in events if finished(each)]
    assert sorted(ends) == ["AlarmTopic", "Log", "Pages"]
    assert {each.resource for each in causes(events)} == failing
    assert went_well(events) == (not failing)
