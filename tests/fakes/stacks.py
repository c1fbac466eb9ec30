"""CloudFormation in memory: stacks, change sets and events, with the failures that one scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from infra.deploy.aws import DeployError
from infra.deploy.release import Template
from infra.deploy.stacks import (
    DELETED,
    PAUSED,
    REVIEWED,
    STUCK,
    Change,
    ChangeSet,
    Event,
    Proposal,
    Resource,
    Stack,
)

STACK = "AWS::CloudFormation::Stack"
UNCHANGED = "The submitted information didn't contain changes. Submit different information."
REASONS = {"CREATE": "Resource creation cancelled", "UPDATE": "Resource update cancelled"}


@dataclass
class _Record:
    stack: Stack
    template: Template
    values: dict[str, str]
    events: list[Event] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)


class FakeStacks:
    """Does at once what CloudFormation does in minutes.

    `templates` are read by their address. What is named in `failing` fails with that reason, and
    what is in `failing_back` fails when an update is taken back.
    `later` holds events back: each look at the events lets one more be seen. A change set that is
    executed is `refused` with that sentence. `physical` are names that are not made up. A change
    set is being made for so many `pending_looks`, and cannot be discarded before.
    """

    def __init__(self, template_of: Callable[[str], Template], *, later: bool = False) -> None:
        self.failing: dict[str, str] = {}
        self.failing_back: set[str] = set()
        self.refused = ""
        self.physical: dict[str, str] = {}
        self.pending_looks = 0
        self._template_of = template_of
        self._later = later
        self._stacks: dict[str, _Record] = {}
        self._change_sets: dict[str, tuple[ChangeSet, Proposal]] = {}
        self._numbers = count(1)
        self._hidden: list[tuple[_Record, Event]] = []

    @property
    def change_sets(self) -> list[str]:
        """The ids of those that were neither executed nor discarded."""
        return list(self._change_sets)

    def propose(self, proposal: Proposal) -> str:
        record = self._record(proposal.stack)
        if record is None:
            made = Stack(f"id-{next(self._numbers)}", proposal.stack, REVIEWED, changed=_now(0))
            record = self._stacks[made.id] = _Record(made, {}, {})
            self._happens(record, proposal.stack, STACK, REVIEWED)
        template = self._template_of(proposal.template_url)
        values = self._values(record, proposal)
        changes = tuple(_changes(record.template, template))
        same = template == record.template and values == record.values
        status = ("FAILED", UNCHANGED) if same else ("CREATE_COMPLETE", "")
        id_ = f"change-set-{next(self._numbers)}"
        found = ChangeSet(id_, record.stack.id, *status, changes)
        self._change_sets[id_] = found, proposal
        return id_

    def change_set(self, change_set_id: str) -> ChangeSet:
        found = self._change_sets[change_set_id][0]
        if self.pending_looks:
            self.pending_looks -= 1
            return replace(found, status="CREATE_IN_PROGRESS", reason="")
        return found

    def discard(self, change_set_id: str) -> None:
        if self.pending_looks:
            raise DeployError("InvalidChangeSetStatus: it is in CREATE_IN_PROGRESS")
        del self._change_sets[change_set_id]

    def execute(self, change_set_id: str, *, keep: bool) -> None:
        if self.refused:
            raise DeployError(self.refused)
        found, proposal = self._change_sets.pop(change_set_id)
        record = self._stacks[found.stack_id]
        if record.stack.status in PAUSED and not keep:
            raise DeployError(f"This stack is in a non-terminal [{record.stack.status}] state.")
        kind = proposal.kind
        self._ends(record, f"{kind}_IN_PROGRESS")
        broken = [each for each in found.changes if each.resource in self.failing]
        for change in found.changes:
            self._work(record, change, kind, cancelled=bool(broken))
        if broken and keep:
            self._ends(record, f"{kind}_FAILED")
            return
        if broken:
            self._takes_back(record, "UPDATE_ROLLBACK" if kind == "UPDATE" else "ROLLBACK")
            return
        record.values = self._values(record, proposal)
        record.template = self._template_of(proposal.template_url)
        self._ends(record, f"{kind}_COMPLETE")

    def continue_rollback(self, stack_id: str, skip: Sequence[str]) -> None:
        record = self._stacks[stack_id]
        if record.stack.status != STUCK:
            raise DeployError(f"{record.stack.name} is in {record.stack.status}")
        self.failing_back -= set(skip)
        self._takes_back(record, "UPDATE_ROLLBACK")

    def _takes_back(self, record: _Record, rollback: str) -> None:
        self._ends(record, f"{rollback}_IN_PROGRESS")
        for name, each in record.template.get("Resources", {}).items():
            end = "FAILED" if name in self.failing_back else "COMPLETE"
            self._happens(record, name, each["Type"], f"UPDATE_{end}")
        broken = self.failing_back & record.template.get("Resources", {}).keys()
        self._ends(record, f"{rollback}_FAILED" if broken else f"{rollback}_COMPLETE")

    def find(self, name_or_id: str) -> Stack | None:
        record = self._stacks.get(name_or_id) or self._record(name_or_id)
        return record.stack if record else None

    def events(self, stack_id: str) -> Iterator[Event]:
        if self._hidden:
            record, event = self._hidden.pop(0)
            record.events.append(event)
        yield from reversed(self._stacks[stack_id].events)

    def resources(self, stack_id: str) -> list[Resource]:
        record = self._stacks[stack_id]
        if record.stack.status == DELETED:
            return []
        return [
            Resource(name, self._physical(name), each["Type"], record.states[name])
            for name, each in record.template.get("Resources", {}).items()
        ]

    def template(self, stack_id: str) -> Template:
        return self._stacks[stack_id].template

    def delete(self, stack_id: str) -> None:
        record = self._stacks[stack_id]
        self._ends(record, "DELETE_IN_PROGRESS")
        for name, each in record.template.get("Resources", {}).items():
            if record.states[name] != DELETED:
                self._work(record, Change("Remove", name, each["Type"]), "DELETE", cancelled=False)
        broken = self.failing.keys() & record.template.get("Resources", {}).keys()
        self._ends(record, "DELETE_FAILED" if broken else DELETED)

    def _physical(self, resource: str) -> str:
        return self.physical.get(resource, f"physical-{resource}")

    def _record(self, name: str) -> _Record | None:
        there = (each for each in self._stacks.values() if each.stack.status != DELETED)
        return next((each for each in there if each.stack.name == name), None)

    def _values(self, record: _Record, proposal: Proposal) -> dict[str, str]:
        return {
            each["ParameterKey"]: each.get("ParameterValue") or record.values[each["ParameterKey"]]
            for each in proposal.parameters
        }

    def _work(self, record: _Record, change: Change, kind: str, *, cancelled: bool) -> None:
        self._happens(record, change.resource, change.type, f"{kind}_IN_PROGRESS")
        reason = self.failing.get(change.resource) or (REASONS.get(kind, "") if cancelled else "")
        end = "FAILED" if reason else "COMPLETE"
        self._happens(record, change.resource, change.type, f"{kind}_{end}", reason)

    def _ends(self, record: _Record, status: str) -> None:
        outputs = record.template.get("Outputs", {})
        record.stack = replace(
            record.stack,
            status=status,
            outputs={name: str(each["Value"]) for name, each in outputs.items()},
            parameters={**_defaults(record.template), **record.values},
        )
        self._happens(record, record.stack.name, STACK, status)

    def _happens(
        self, record: _Record, resource: str, type_: str, status: str, reason: str = ""
    ) -> None:
        number = next(self._numbers)
        of_stack = type_ == STACK
        id_, at, physical = f"event-{number}", _now(number), self._physical(resource)
        event = Event(id_, resource, type_, status, reason, at, of_stack, physical)
        record.states[resource] = status
        if self._later:
            self._hidden.append((record, event))
        else:
            record.events.append(event)


def _defaults(template: Template) -> dict[str, str]:
    declared = template.get("Parameters", {})
    return {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}


def _changes(before: Template, after: Template) -> Iterator[Change]:
    old: dict[str, Any] = before.get("Resources", {})
    new: dict[str, Any] = after.get("Resources", {})
    for name in sorted(old.keys() | new.keys()):
        type_ = (new.get(name) or old[name])["Type"]
        if name not in old:
            yield Change("Add", name, type_)
        elif name not in new:
            yield Change("Remove", name, type_)
        elif old[name] != new[name]:
            yield Change("Modify", name, type_, "False")


def _now(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
