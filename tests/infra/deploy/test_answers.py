"""What moto never says: AWS's answers in several pages, and failures, by botocore's own stubber."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from infra.deploy.aws import DeployError, told
from infra.deploy.cloudformation import CloudFormation
from infra.deploy.proposing import propose
from infra.deploy.stacks import Change, Event, Proposal
from tests.infra.deploy.emulator import Emulator

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/belfry-try/1"
CHANGE_SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/belfry-1/1"
AT = datetime(2026, 1, 1, tzinfo=UTC)
PROPOSAL = Proposal("belfry-try", "UPDATE", "https://bucket/template", ())


@pytest.fixture
def stacks(emulator: Emulator) -> CloudFormation:
    return CloudFormation(emulator.aws)


@pytest.fixture
def answers(stacks: CloudFormation) -> Iterator[Stubber]:
    with Stubber(stacks._client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def change(resource: str, **more: str) -> dict[str, Any]:
    found = {"Action": "Modify", "LogicalResourceId": resource, "ResourceType": "AWS::SQS::Queue"}
    return {"Type": "Resource", "ResourceChange": {**found, **more}}


def described(status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    found = {"ChangeSetId": CHANGE_SET, "StackId": STACK_ID, "Status": status}
    return {**found, "StatusReason": reason, "Changes": [], **more}


def event(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    of_stack = resource == "belfry-try"
    return {
        "StackId": STACK_ID,
        "EventId": f"event-{number}",
        "StackName": "belfry-try",
        "LogicalResourceId": resource,
        "PhysicalResourceId": STACK_ID if of_stack else "",
        "ResourceType": "AWS::CloudFormation::Stack" if of_stack else "AWS::SQS::Queue",
        "Timestamp": AT,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_the_changes_of_all_pages_are_read(stacks: CloudFormation, answers: Stubber) -> None:
    pages = (
        described("CREATE_COMPLETE", Changes=[change("A", Replacement="True")], NextToken="2"),
        described("CREATE_COMPLETE", Changes=[change("B", Replacement="Conditional")]),
    )
    for page in pages:
        answers.add_response("describe_change_set", page)
    assert stacks.change_set(CHANGE_SET).changes == (
        Change("Modify", "A", "AWS::SQS::Queue", "True"),
        Change("Modify", "B", "AWS::SQS::Queue", "Conditional"),
    )


def test_events_are_read_page_by_page_and_no_further_than_wanted(
    stacks: CloudFormation, answers: Stubber
) -> None:
    newer = [event(3, "belfry-try", "ROLLBACK_IN_PROGRESS"), event(2, "Q", "CREATE_FAILED", "No")]
    answers.add_response("describe_stack_events", {"StackEvents": newer, "NextToken": "2"})
    found = stacks.events(STACK_ID)
    assert next(found).of_stack
    assert next(found) == Event(
        "event-2", "Q", "AWS::SQS::Queue", "CREATE_FAILED", "No", AT, of_stack=False
    )
    answers.assert_no_pending_responses()  # the next page was not asked for
    older = [event(1, "Q", "CREATE_IN_PROGRESS")]
    answers.add_response("describe_stack_events", {"StackEvents": older})
    assert [each.id for each in found] == ["event-1"]


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information.",
        "No updates are to be performed.",  # of templates with a transform
    ],
    ids=["plain", "transform"],
)
def test_a_change_set_without_changes_is_discarded(
    stacks: CloudFormation, answers: Stubber, reason: str
) -> None:
    answers.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK_ID})
    answers.add_response("describe_change_set", described("CREATE_IN_PROGRESS"))
    answers.add_response("describe_change_set", described("FAILED", reason))
    discard(answers)
    assert propose(stacks, stacks, PROPOSAL, lambda: None) is None


def test_a_template_that_is_refused_is_told(stacks: CloudFormation, answers: Stubber) -> None:
    reason = "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application"
    answers.add_response("create_change_set", {"Id": CHANGE_SET, "StackId": STACK_ID})
    answers.add_response("describe_change_set", described("FAILED", reason))
    discard(answers)
    with pytest.raises(DeployError, match="refuses the template: Transform"):
        propose(stacks, stacks, PROPOSAL, lambda: None)


def discard(answers: Stubber) -> None:
    """What follows when a change set of a stack that runs is withdrawn."""
    answers.add_response("delete_change_set", {}, {"ChangeSetName": CHANGE_SET})
    stack = {
        "StackId": STACK_ID,
        "StackName": "belfry-try",
        "CreationTime": AT,
        "StackStatus": "UPDATE_COMPLETE",
    }
    answers.add_response("describe_stacks", {"Stacks": [stack]})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "There are no credentials for AWS"),
        (EndpointConnectionError(endpoint_url="https://aws"), "AWS cannot be reached"),
        (("ExpiredToken", "It has expired"), "AWS refuses the credentials .ExpiredToken."),
        (("AccessDenied", "not authorized to perform x"), "may not do that.*perform x"),
        (("LimitExceededException", "too many stacks"), "too many stacks"),
    ],
    ids=["no credentials", "no network", "expired", "denied", "other"],
)
def test_what_aws_says_becomes_a_sentence(error: Any, sentence: str) -> None:
    if isinstance(error, tuple):
        code, message = error
        error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateStack")
    with pytest.raises(DeployError, match=sentence), told():
        raise error


@pytest.mark.parametrize("keep", [True, False])
def test_whether_what_was_made_is_kept_is_said_each_time(
    stacks: CloudFormation, answers: Stubber, keep: bool
) -> None:
    """A stack would do what it was last told."""
    answers.add_response(
        "execute_change_set", {}, {"ChangeSetName": CHANGE_SET, "DisableRollback": keep}
    )
    stacks.execute(CHANGE_SET, keep=keep)


def test_a_rollback_is_continued_without_what_holds_it_up(
    stacks: CloudFormation, answers: Stubber
) -> None:
    asked = {"StackName": STACK_ID, "ResourcesToSkip": ["Prepared"]}
    answers.add_response("continue_update_rollback", {}, asked)
    stacks.continue_rollback(STACK_ID, ["Prepared"])
