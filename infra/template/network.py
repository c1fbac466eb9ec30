"""Where functions and broker live: subnets that are given, or a network of their own.

Functions need a network, because the broker is private, and from it a way out: to MongoDB, to
Secrets Manager and to `@connections`. Lambda's pollers need the same from the broker's subnets.
"""

from __future__ import annotations

from typing import Any

from infra.template.names import attribute, ref, sub

AMQPS = 5671
HTTPS = 443
ANYWHERE = "0.0.0.0/0"

NETWORK = "10.74.0.0/16"
"""Unlikely to be taken, so that MongoDB's network can be peered with it."""
PRIVATE = {"A": "10.74.0.0/20", "B": "10.74.16.0/20"}
PUBLIC = {"A": "10.74.96.0/24", "B": "10.74.97.0/24"}

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


def of_functions() -> dict[str, Any]:
    """A function's `VpcConfig`."""
    return {
        "SubnetIds": SUBNETS,
        "SecurityGroupIds": [attribute("FunctionSecurityGroup", "GroupId")],
    }


def network() -> dict[str, Any]:
    """The network, when none is given, and who may talk to whom in it."""
    resources = {
        **_network(),
        **_ways_out(),
        **{f"PrivateSubnet{zone}": _subnet(zone, PRIVATE[zone]) for zone in PRIVATE},
        **{f"PublicSubnet{zone}": _subnet(zone, PUBLIC[zone]) for zone in PUBLIC},
        **{f"PrivateRoutes{zone}": _joined("Private", zone) for zone in PRIVATE},
        **{f"PublicRoutes{zone}": _joined("Public", zone) for zone in PUBLIC},
    }
    for resource in resources.values():
        resource["Condition"] = "OwnNetwork"
    return {
        "Parameters": _parameters(),
        "Conditions": {
            "OwnNetwork": {"Fn::Equals": [{"Fn::Join": ["", ref("SubnetIds")]}, ""]},
        },
        "Resources": {**resources, **_security_groups()},
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


def _network() -> dict[str, Any]:
    return {
        "Network": {
            "Type": "AWS::EC2::VPC",
            "Properties": {
                "CidrBlock": NETWORK,
                "EnableDnsSupport": True,
                "EnableDnsHostnames": True,  # the broker is found by its name
                "Tags": [_name("belfry-${Stage}")],
            },
        },
        "PrivateRoutes": _table("private"),
        "PublicRoutes": _table("public"),
    }


def _ways_out() -> dict[str, Any]:
    """To the internet, and to S3 beside it."""
    return {
        "Gateway": {"Type": "AWS::EC2::InternetGateway", "Properties": _tags("belfry-${Stage}")},
        "GatewayAttached": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": ref("Network"), "InternetGatewayId": ref("Gateway")},
        },
        "PublicWayOut": {
            "Type": "AWS::EC2::Route",
            "DependsOn": "GatewayAttached",
            "Properties": {
                "RouteTableId": ref("PublicRoutes"),
                "DestinationCidrBlock": ANYWHERE,
                "GatewayId": ref("Gateway"),
            },
        },
        # One NAT gateway costs about 33 USD a month and 0.045 USD per GB in us-east-1, whether used
        # or not. Only one: when its zone is down, Belfry is. Give your own subnets for more.
        "NatGateway": {
            "Type": "AWS::EC2::NatGateway",
            "DependsOn": "PublicWayOut",
            "Properties": {
                "SubnetId": ref("PublicSubnetA"),
                "AllocationId": attribute("NatAddress", "AllocationId"),
                **_tags("belfry-${Stage}"),
            },
        },
        # What MongoDB Atlas has to let in.
        "NatAddress": {
            "Type": "AWS::EC2::EIP",
            "DependsOn": "GatewayAttached",
            "Properties": {"Domain": "vpc", **_tags("belfry-${Stage}")},
        },
        "PrivateWayOut": {
            "Type": "AWS::EC2::Route",
            "Properties": {
                "RouteTableId": ref("PrivateRoutes"),
                "DestinationCidrBlock": ANYWHERE,
                "NatGatewayId": ref("NatGateway"),
            },
        },
        # Free. A custom resource answers CloudFormation by a PUT to S3.
        "S3Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": ref("Network"),
                "VpcEndpointType": "Gateway",
                "ServiceName": sub("com.amazonaws.${AWS::Region}.s3"),
                "RouteTableIds": [ref("PrivateRoutes")],
            },
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
            **_tags("belfry-${Stage}"),
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


def _subnet(zone: str, addresses: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": ref("Network"),
            "CidrBlock": addresses,
            "AvailabilityZone": {"Fn::Select": ["AB".index(zone), {"Fn::GetAZs": ""}]},
            **_tags(f"belfry-${{Stage}}-{zone.lower()}"),
        },
    }


def _table(kind: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::RouteTable",
        "Properties": {"VpcId": ref("Network"), **_tags(f"belfry-${{Stage}}-{kind}")},
    }


def _joined(kind: str, zone: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SubnetRouteTableAssociation",
        "Properties": {
            "RouteTableId": ref(f"{kind}Routes"),
            "SubnetId": ref(f"{kind}Subnet{zone}"),
        },
    }


def _tags(name: str) -> dict[str, Any]:
    return {"Tags": [_name(name)]}


def _name(name: str) -> dict[str, Any]:
    return {"Key": "Name", "Value": sub(name)}
