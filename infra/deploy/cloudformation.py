"""Stacks and change sets at CloudFormation."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of, told
from infra.deploy.release import Template
from infra.deploy.stacks import Change, ChangeSet, Event, Proposal, Resource, Stack

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
"""The template makes roles, and is one of the Serverless Application Model."""


class CloudFormation:
    """The adapter of `Stacks` and `ChangeSets`."""

    def __init__(self, aws: Aws) -> None:
        self._client: Any = aws.client("cloudformation")

    def propose(self, proposal: Proposal) -> str:
        with told():
            made = self._client.create_change_set(
                StackName=proposal.stack,
                ChangeSetName=f"belfry-{secrets.token_hex(6)}",
                ChangeSetType=proposal.kind,
                TemplateURL=proposal.template_url,
                Parameters=list(proposal.parameters),
                Capabilities=CAPABILITIES,
            )
        change_set_id: str = made["Id"]
        return change_set_id

    def change_set(self, change_set_id: str) -> ChangeSet:
        with told():
            pages = list(self._pages("describe_change_set", ChangeSetName=change_set_id))
        first = pages[0]
        changes = (change for page in pages for change in page.get("Changes", []))
        return ChangeSet(
            id=change_set_id,
            stack_id=first["StackId"],
            status=first["Status"],
            reason=first.get("StatusReason", ""),
            changes=tuple(map(_change, changes)),
        )

    def discard(self, change_set_id: str) -> None:
        with told():
            self._client.delete_change_set(ChangeSetName=change_set_id)

    def execute(self, change_set_id: str, *, keep: bool) -> None:
        # Said each time: otherwise the stack does what it was last told. And not by the change
        # set's OnStackFailure: what DO_NOTHING has kept, CloudFormation does not update.
        with told():
            self._client.execute_change_set(ChangeSetName=change_set_id, DisableRollback=keep)

    def find(self, name_or_id: str) -> Stack | None:
        with told():
            try:
                found = self._client.describe_stacks(StackName=name_or_id)["Stacks"][0]
            except ClientError as error:
                if _says_that_it_is_missing(error):
                    return None
                raise
            return _stack(found)

    def events(self, stack_id: str) -> Iterator[Event]:
        with told():
            for page in self._pages("describe_stack_events", StackName=stack_id):
                for event in page["StackEvents"]:
                    yield _event(event)

    def resources(self, stack_id: str) -> list[Resource]:
        with told():
            pages = self._pages("list_stack_resources", StackName=stack_id)
            return [_resource(each) for page in pages for each in page["StackResourceSummaries"]]

    def template(self, stack_id: str) -> Template:
        with told():
            found = self._client.get_template(StackName=stack_id, TemplateStage="Processed")
        return dict(found["TemplateBody"])

    def continue_rollback(self, stack_id: str, skip: Sequence[str]) -> None:
        with told():
            self._client.continue_update_rollback(StackName=stack_id, ResourcesToSkip=list(skip))

    def delete(self, stack_id: str) -> None:
        with told():
            self._client.delete_stack(StackName=stack_id)

    def _pages(self, operation: str, **arguments: str) -> Iterator[Mapping[str, Any]]:
        yield from self._client.get_paginator(operation).paginate(**arguments)


def _says_that_it_is_missing(error: ClientError) -> bool:
    # CloudFormation has no code of its own for that.
    return code_of(error) == "ValidationError" and "does not exist" in str(error)


def _stack(found: Mapping[str, Any]) -> Stack:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    chosen = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    return Stack(
        id=found["StackId"],
        name=found["StackName"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        outputs=outputs,
        parameters=chosen,
        changed=found.get("LastUpdatedTime", found["CreationTime"]),
    )


def _change(found: Mapping[str, Any]) -> Change:
    change = found["ResourceChange"]
    return Change(
        action=change["Action"],
        resource=change["LogicalResourceId"],
        type=change["ResourceType"],
        replacement=change.get("Replacement", ""),
    )


def _event(found: Mapping[str, Any]) -> Event:
    return Event(
        id=found["EventId"],
        resource=found["LogicalResourceId"],
        type=found["ResourceType"],
        status=found["ResourceStatus"],
        reason=found.get("ResourceStatusReason", ""),
        at=found["Timestamp"],
        of_stack=found.get("PhysicalResourceId") == found["StackId"],
        physical_id=found.get("PhysicalResourceId", ""),
    )


def _resource(found: Mapping[str, Any]) -> Resource:
    return Resource(
        logical_id=found["LogicalResourceId"],
        physical_id=found.get("PhysicalResourceId", ""),
        type=found["ResourceType"],
        status=found["ResourceStatus"],
    )
