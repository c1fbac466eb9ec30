"""A stack's own network: the address that it calls from, and what keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.deploy.aws import Aws, told
from infra.deploy.stacks import Event, Resource

ADDRESS = "NatAddress"
"""The logical id of the address, and the output that has it."""

FILTERS = {
    "AWS::EC2::SecurityGroup": "group-id",
    "AWS::EC2::Subnet": "subnet-id",
    "AWS::EC2::VPC": "vpc-id",
}
"""What an interface keeps from being deleted, and how DescribeNetworkInterfaces looks for it."""


@dataclass(frozen=True, slots=True, order=True)
class Interface:
    """A network interface; `status` is EC2's, such as `in-use`, or `available`: nobody's."""

    id: str
    status: str
    description: str


def address_in(event: Event) -> str | None:
    """The public address that functions call from, when this event says that it is there now."""
    return _address(event.status, event.physical_id) if event.resource == ADDRESS else None


def address_of(resources: Iterable[Resource]) -> str | None:
    """The same, of a stack's parts."""
    there = (each for each in resources if each.logical_id == ADDRESS)
    return next((_address(each.status, each.physical_id) for each in there), None)


def _address(status: str, physical_id: str) -> str | None:
    # The type's identifier has two parts, the address first; CloudFormation joins parts by a bar.
    return physical_id.partition("|")[0] or None if status == "CREATE_COMPLETE" else None


def interfaces_left(aws: Aws, resources: Iterable[Resource]) -> list[Interface]:
    """The interfaces because of which parts of a network could not be deleted."""
    stuck = [each for each in resources if each.status == "DELETE_FAILED" and each.physical_id]
    found: set[Interface] = set()
    pages = aws.client("ec2").get_paginator("describe_network_interfaces")
    for type_, name in FILTERS.items():
        ids = [each.physical_id for each in stuck if each.type == type_]
        if ids:
            with told():
                for page in pages.paginate(Filters=[{"Name": name, "Values": ids}]):
                    found |= {
                        Interface(each["NetworkInterfaceId"], each["Status"], each["Description"])
                        for each in page["NetworkInterfaces"]
                    }
    return sorted(found)
