"""Where functions and broker live: subnets that are given, or a network of their own.

Functions need a network, because the broker is private, and from it a way out: to MongoDB, to
Secrets Manager and to `@connections`. Lambda's pollers need the same from the broker's subnets.
"""

from __future__ import annotations

from typing import Any

from infra.template.names import attribute, ref
from infra.template.own_network import ANYWHERE, own_network, tags

AMQPS = 5671
HTTPS = 443

VPC = {"Fn::If": ["OwnNetwork", ref("Network"), ref("VpcId")]}
SUBNETS = {
    "Fn::If": [
        "OwnNetwork",
        [ref("PrivateSubnetA"), ref("PrivateSubnetB")],
        ref("SubnetIds"),
    ]
}
"""The subnets of functions and broker."""

ONE_SUBNET = {
    "Fn::If": [
        "OwnNetwork",
        ref("PrivateSubnetA"),
        {"Fn::Select": [0, ref("SubnetIds")]},
    ]
}

WAYS_OUT = ["PrivateRoutesA", "PrivateRoutesB", "PrivateWayOut", "S3Endpoint"]
"""What has to stand before a function is called, and until none is called any more."""


def of_functions() -> dict[str, Any]:
    """A function's `VpcConfig`."""
    return {
        "SubnetIds": SUBNETS,
        "SecurityGroupIds": [attribute("FunctionSecurityGroup", "GroupId")],
    }


def network() -> dict[str, Any]:
    """The network, when none is given, and who may talk to whom in it."""
    return {
        "Parameters": _parameters(),
        "Conditions": {
            "OwnNetwork": {"Fn::Equals": [{"Fn::Join": ["", ref("SubnetIds")]}, ""]},
        },
        "Resources": {**own_network(), **_security_groups()},
        "Outputs": {
            "NatAddress": {
                "Condition": "OwnNetwork",
                "Description": "Where functions come from, for MongoDB's list of whom it lets in",
                "Value": ref("NatAddress"),
            }
        },
    }


def _parameters() -> dict[str, Any]:
    return {
        "SubnetIds": {
            "Type": "CommaDelimitedList",
            "Default": "",
            "Description": "Private subnets with a NAT gateway, in different zones. "
            "Empty: a network is made.",
        },
        "VpcId": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": "^(vpc-[0-9a-f]+)?$",
            "Description": "The network that SubnetIds are in. Empty without SubnetIds.",
        },
    }


def _security_groups() -> dict[str, Any]:
    """Functions call out and nobody calls them; the broker is called by functions and pollers."""
    broker = attribute("BrokerSecurityGroup", "GroupId")
    functions = attribute("FunctionSecurityGroup", "GroupId")
    return {
        "FunctionSecurityGroup": _security_group(
            "Functions of Belfry",
            # Every port: MongoDB's are the address's business (Atlas: 27015 to 27017, and any from
            # 1024 by PrivateLink).
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65535, "CidrIp": ANYWHERE},
        ),
        "BrokerSecurityGroup": _security_group(
            "Broker of Belfry, and what Lambda polls it with",
            {"IpProtocol": "tcp", "FromPort": HTTPS, "ToPort": HTTPS, "CidrIp": ANYWHERE},
        ),
        "FunctionsToBroker": _ingress(broker, functions, "Functions publish"),
        # Lambda's pollers get network interfaces in the broker's subnets and security groups
        # (Lambda developer guide, "Using Lambda with Amazon MQ"): so the group talks to itself.
        "PollersToBroker": _ingress(broker, broker, "Event source mappings consume"),
        "PollersOut": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": broker,
                "DestinationSecurityGroupId": broker,
                **_amqps("Event source mappings consume"),
            },
        },
    }


def _security_group(description: str, egress: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": description,
            "VpcId": VPC,
            "SecurityGroupEgress": [egress],
            **tags("belfry-${Stage}"),
        },
    }


def _ingress(group: dict[str, Any], source: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": group,
            "SourceSecurityGroupId": source,
            **_amqps(description),
        },
    }


def _amqps(description: str) -> dict[str, Any]:
    return {
        "IpProtocol": "tcp",
        "FromPort": AMQPS,
        "ToPort": AMQPS,
        "Description": description,
    }
