"""Network and broker: functions lead out, nobody from outside leads in."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations

import pytest

from infra.template.broker import BROKER_NAME
from infra.template.network import of_functions
from tests.infra.template.parts import BROKER, LONGEST_STAGE, NETWORK, of_type


def test_functions_are_in_private_subnets_that_lead_out_through_the_nat_gateway() -> None:
    resources = NETWORK["Resources"]
    assert of_functions()["SubnetIds"]["Fn::If"][1] == [
        {"Ref": "PrivateSubnetA"},
        {"Ref": "PrivateSubnetB"},
    ]
    for zone in "AB":
        joined = resources[f"PrivateRoutes{zone}"]["Properties"]
        assert joined["SubnetId"] == {"Ref": f"PrivateSubnet{zone}"}
        assert joined["RouteTableId"] == {"Ref": "PrivateRoutes"}
    way_out = resources["PrivateWayOut"]["Properties"]
    assert (way_out["RouteTableId"], way_out["NatGatewayId"]) == (
        {"Ref": "PrivateRoutes"},
        {"Ref": "NatGateway"},
    )
    assert resources["NatGateway"]["Properties"]["SubnetId"] == {"Ref": "PublicSubnetA"}


def test_a_given_network_gets_nothing_but_security_groups() -> None:
    unconditional = {
        resource["Type"]
        for resource in NETWORK["Resources"].values()
        if resource.get("Condition") != "OwnNetwork"
    }
    assert unconditional == {
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SecurityGroupEgress",
    }


def test_the_subnets_lie_apart_within_the_network() -> None:
    whole_network = IPv4Network(of_type("AWS::EC2::VPC")["Network"]["CidrBlock"])
    subnets = [IPv4Network(each["CidrBlock"]) for each in of_type("AWS::EC2::Subnet").values()]
    assert all(each.subnet_of(whole_network) for each in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))


def test_nobody_from_outside_may_call_in() -> None:
    for group in of_type("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group
    for rule in of_type("AWS::EC2::SecurityGroupIngress").values():
        assert "SourceSecurityGroupId" in rule
        assert (rule["FromPort"], rule["ToPort"]) == (5671, 5671)


def test_the_pollers_reach_the_broker_and_lambda() -> None:
    group = {"Fn::GetAtt": ["BrokerSecurityGroup", "GroupId"]}
    inwards = of_type("AWS::EC2::SecurityGroupIngress").values()
    assert any(rule["GroupId"] == rule["SourceSecurityGroupId"] == group for rule in inwards)
    outwards = of_type("AWS::EC2::SecurityGroupEgress").values()
    assert any(rule["GroupId"] == rule["DestinationSecurityGroupId"] == group for rule in outwards)
    https = of_type("AWS::EC2::SecurityGroup")["BrokerSecurityGroup"]["SecurityGroupEgress"][0]
    assert (https["FromPort"], https["CidrIp"]) == (443, "0.0.0.0/0")
    assert of_type("AWS::AmazonMQ::Broker")["Broker"]["SecurityGroups"] == [group]


def test_the_broker_is_private_and_has_as_many_subnets_as_it_may() -> None:
    made = of_type("AWS::AmazonMQ::Broker")["Broker"]
    assert made["PubliclyAccessible"] is False
    assert made["EngineVersion"] == "4.2"
    assert made["AutoMinorVersionUpgrade"] is True
    cluster, single = made["SubnetIds"]["Fn::If"][1:]
    _, own, given = cluster["Fn::If"]
    assert (len(own), given) == (2, {"Ref": "SubnetIds"})
    [one] = single
    _, own, given = one["Fn::If"]
    assert (own, given) == ({"Ref": "PrivateSubnetA"}, {"Fn::Select": [0, {"Ref": "SubnetIds"}]})


def test_a_broker_of_another_kind_has_another_name() -> None:
    _, cluster, single = BROKER_NAME["Fn::Sub"][1]["Kind"]["Fn::If"]
    assert cluster != single
    name = f"belfry-{'s' * LONGEST_STAGE}-{max(cluster, single, key=len)}"
    assert re.fullmatch("[0-9A-Za-z_-]{1,50}", name)


@pytest.mark.parametrize("size", ["medium", "large", "xlarge", "2xlarge", "16xlarge"])
def test_the_broker_takes_every_size_that_runs_rabbitmq_4(size: str) -> None:
    assert re.match(BROKER["Parameters"]["BrokerInstance"]["AllowedPattern"], f"mq.m7g.{size}")


@pytest.mark.parametrize("instance", ["mq.t3.micro", "mq.m5.large", "m7g.large", "mq.m7g.small"])
def test_the_broker_takes_no_other_size(instance: str) -> None:
    assert not re.match(BROKER["Parameters"]["BrokerInstance"]["AllowedPattern"], instance)
