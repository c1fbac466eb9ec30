"""A network for those who give none, under the condition `OwnNetwork`."""

from __future__ import annotations

from typing import Any

from infra.template.names import attribute, ref, sub

ANYWHERE = "0.0.0.0/0"

NETWORK = "10.74.0.0/16"
"""Unlikely to be taken, so that MongoDB's network can be peered with it."""
PRIVATE = {"A": "10.74.0.0/20", "B": "10.74.16.0/20"}
PUBLIC = {"A": "10.74.96.0/24", "B": "10.74.97.0/24"}


def own_network() -> dict[str, Any]:
    """Two private subnets for functions and broker, and two public ones for what leads out."""
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
    return resources


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
        "Gateway": {"Type": "AWS::EC2::InternetGateway", "Properties": tags("belfry-${Stage}")},
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
            "DependsOn": ["PublicWayOut", "PublicRoutesA"],
            "Properties": {
                "SubnetId": ref("PublicSubnetA"),
                "AllocationId": attribute("NatAddress", "AllocationId"),
                **tags("belfry-${Stage}"),
            },
        },
        # The address that MongoDB Atlas has to let in.
        "NatAddress": {
            "Type": "AWS::EC2::EIP",
            "DependsOn": "GatewayAttached",
            "Properties": {"Domain": "vpc", **tags("belfry-${Stage}")},
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


def _subnet(zone: str, addresses: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": ref("Network"),
            "CidrBlock": addresses,
            "AvailabilityZone": {"Fn::Select": ["AB".index(zone), {"Fn::GetAZs": ""}]},
            **tags(f"belfry-${{Stage}}-{zone.lower()}"),
        },
    }


def _table(kind: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::RouteTable",
        "Properties": {"VpcId": ref("Network"), **tags(f"belfry-${{Stage}}-{kind}")},
    }


def _joined(kind: str, zone: str) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SubnetRouteTableAssociation",
        "Properties": {
            "RouteTableId": ref(f"{kind}Routes"),
            "SubnetId": ref(f"{kind}Subnet{zone}"),
        },
    }


def tags(name: str) -> dict[str, Any]:
    """The tag that consoles show as a resource's name."""
    return {"Tags": [_name(name)]}


def _name(name: str) -> dict[str, Any]:
    return {"Key": "Name", "Value": sub(name)}
