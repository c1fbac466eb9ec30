"""The network of a stack: its address, and the interfaces that AWS leaves in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.deploy.network import address_in, interfaces_left
from infra.deploy.stacks import Event, Resource
from infra.template.network import network
from tests.infra.deploy.emulator import Emulator

AT = datetime(2026, 1, 1, tzinfo=UTC)


def event(status: str, physical_id: str, resource: str = "NatAddress") -> Event:
    return Event("1", resource, "AWS::EC2::EIP", status, "", AT, False, physical_id)


@pytest.mark.parametrize("physical_id", ["203.0.113.7", "203.0.113.7|eipalloc-1"])
def test_the_address_is_told_when_it_is_there(physical_id: str) -> None:
    assert address_in(event("CREATE_COMPLETE", physical_id)) == "203.0.113.7"


@pytest.mark.parametrize(
    "other",
    [
        event("CREATE_IN_PROGRESS", "203.0.113.7"),
        event("CREATE_COMPLETE", ""),
        event("DELETE_COMPLETE", "203.0.113.7"),
        event("CREATE_COMPLETE", "203.0.113.7", "Another"),
    ],
    ids=["not yet", "unknown", "gone", "another"],
)
def test_nothing_else_is_an_address(other: Event) -> None:
    assert address_in(other) is None


def test_the_template_has_that_address() -> None:
    made = network()
    assert made["Resources"]["NatAddress"]["Type"] == "AWS::EC2::EIP"
    assert "NatAddress" in made["Outputs"]


@pytest.fixture
def ec2(emulator: Emulator) -> Any:
    return emulator.client("ec2")


def stuck(type_: str, physical_id: str, status: str = "DELETE_FAILED") -> Resource:
    return Resource("Part", physical_id, type_, status)


def test_the_interfaces_that_hold_a_network_are_found_once(emulator: Emulator, ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.74.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.74.{number}.0/24")["Subnet"]["SubnetId"]
        for number in range(2)
    ]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    made = [
        ec2.create_network_interface(SubnetId=subnet, Groups=[group], Description=f"of {subnet}")[
            "NetworkInterface"
        ]["NetworkInterfaceId"]
        for subnet in subnets
    ]
    by_group = [stuck("AWS::EC2::SecurityGroup", group), stuck("AWS::EC2::Subnet", subnets[0])]
    found = interfaces_left(emulator.aws, by_group)
    assert [each.id for each in found] == sorted(made)
    assert {each.description for each in found} == {f"of {subnet}" for subnet in subnets}
    (one,) = interfaces_left(emulator.aws, [stuck("AWS::EC2::Subnet", subnets[0])])
    assert one.id == made[0]
    assert len(interfaces_left(emulator.aws, [stuck("AWS::EC2::VPC", vpc)])) == 2


def test_what_is_gone_or_of_another_kind_holds_nothing(emulator: Emulator) -> None:
    gone = stuck("AWS::EC2::Subnet", "subnet-1", "DELETE_COMPLETE")
    never_made = stuck("AWS::EC2::Subnet", "")
    assert interfaces_left(emulator.aws, [gone, never_made, stuck("AWS::S3::Bucket", "b")]) == []
