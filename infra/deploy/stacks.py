"""Stacks, their change sets and events, as the commands see them; and in which states one can act.

`infra.deploy.cloudformation` has them from AWS. The states are those of the CloudFormation user
guide, "Stack status codes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from infra.deploy.aws import DeployError
from infra.deploy.parameters import Parameter
from infra.deploy.release import Template

Kind = Literal["CREATE", "UPDATE"]

UPDATABLE = {
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
}

PAUSED = {"CREATE_FAILED", "UPDATE_FAILED"}
"""Something failed and what was made is kept: an update tries the rest, and has to keep it, too
(CloudFormation user guide, "Choose how to handle failures when provisioning resources")."""

STUCK = "UPDATE_ROLLBACK_FAILED"
"""An update failed, and so did taking it back, which can be continued."""

REVIEWED = "REVIEW_IN_PROGRESS"
"""A stack without resources: its first change set was made and not executed."""

DELETED = "DELETE_COMPLETE"
IN_PROGRESS = "_IN_PROGRESS"

REMAINS = "`belfry destroy --stage {stage}` removes what is left, then deploy again."
MEND = (
    "Mend what `belfry status --stage {stage}` names, let CloudFormation's console roll it back, "
    "then deploy again."
)
STUCK_ADVICE = (
    "When that is `Prepared` alone, `belfry deploy --stage {stage}` offers to leave it out. Else "
    "mend it, and choose *Continue update rollback* in CloudFormation's console."
)
ADVICE = {
    "DELETE_FAILED": f"Removing it failed in the middle. {REMAINS}",
    "ROLLBACK_COMPLETE": f"Its first deployment failed and was taken back. {REMAINS}",
    "ROLLBACK_FAILED": f"Its first deployment failed, and taking it back, too. {REMAINS}",
    "IMPORT_ROLLBACK_FAILED": f"An import into it failed, which Belfry never does. {MEND}",
    STUCK: f"Its last update failed, and taking it back, too. {STUCK_ADVICE}",
}
AT_WORK = (
    "CloudFormation is at work on it. `belfry status --stage {stage}` shows how far it is; "
    "deploy when it has finished."
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack: `parameters` has their values, `changed` is when it was last made or updated."""

    id: str
    name: str
    status: str
    reason: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    changed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A part of a stack; `physical_id` is its name or id in its own service."""

    logical_id: str
    physical_id: str
    type: str
    status: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a resource, or to the stack itself (`of_stack`).

    `physical_id` is the resource's name or id in its own service, as far as it has one yet.
    """

    id: str
    resource: str
    type: str
    status: str
    reason: str
    at: datetime
    of_stack: bool
    physical_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a resource: `replacement` is True, False, Conditional or empty."""

    action: str
    resource: str
    type: str
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What would be done to a stack."""

    id: str
    stack_id: str
    status: str
    reason: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a stack is to become. `keep`: what was made stays when something else fails."""

    stack: str
    kind: Kind
    template_url: str
    parameters: tuple[Parameter, ...]
    keep: bool = False


class ChangeSets(Protocol):
    """Proposed changes of stacks."""

    def propose(self, proposal: Proposal) -> str:
        """Begin to make a change set; answers its id."""

    def change_set(self, change_set_id: str) -> ChangeSet: ...

    def discard(self, change_set_id: str) -> None:
        """Forget a change set that was not executed."""

    def execute(self, change_set_id: str, *, keep: bool) -> None:
        """Begin to change the stack. When something fails, what was made is kept or taken back."""


class Stacks(Protocol):
    """The stacks of an account and region. A deleted one is found by its id only."""

    def find(self, name_or_id: str) -> Stack | None: ...

    def events(self, stack_id: str) -> Iterator[Event]:
        """What happened to the stack, newest first."""

    def resources(self, stack_id: str) -> list[Resource]: ...

    def template(self, stack_id: str) -> Template:
        """The template as it was deployed, transforms applied."""

    def continue_rollback(self, stack_id: str, skip: Sequence[str]) -> None:
        """Begin to take an update back again that could not be, without those resources."""

    def delete(self, stack_id: str) -> None:
        """Begin to delete the stack."""


class Deployments(Stacks, ChangeSets, Protocol):
    """Both, as CloudFormation has them."""


def kind_of(stack: Stack | None, stage: str) -> Kind:
    """Whether deploying creates or updates. Raises DeployError when neither is possible."""
    if stack is None or stack.status == REVIEWED:
        return "CREATE"
    if stack.status in UPDATABLE | PAUSED:
        return "UPDATE"
    advice = AT_WORK if stack.status.endswith(IN_PROGRESS) else ADVICE.get(stack.status, MEND)
    raise DeployError(f"{stack.name} is in {stack.status}. {advice.format(stage=stage)}")


def keeps(stack: Stack | None) -> bool:
    """Whether what this deployment makes is to be kept when something else fails.

    So it is until the first one has succeeded: it would take with it the broker that took so long,
    the logs that tell why, and the address that MongoDB lets in.
    """
    return stack is None or stack.status in {REVIEWED, *PAUSED}
