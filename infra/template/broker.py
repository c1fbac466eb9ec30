"""The broker: Amazon MQ for RabbitMQ, reached by nobody but functions and Lambda's pollers."""

from __future__ import annotations

import json
from typing import Any

from infra.template.names import attribute, ref, sub
from infra.template.network import ONE_SUBNET, SUBNETS

ENGINE_VERSION = "4.2"
"""Amazon MQ adds the patch itself. 4.3 refuses what our topology does not use, and is untried."""

USERNAME = "belfry"

BROKER_NAME: dict[str, Any] = {
    "Fn::Sub": [
        "belfry-${Stage}-${Kind}-${Place}",
        {
            "Kind": {"Fn::If": ["BrokerCluster", "cluster", "single"]},
            "Place": {"Fn::If": ["OwnNetwork", "own", "given"]},
        },
    ]
}
"""What a broker cannot become, CloudFormation makes a new one for: it needs a new name."""


def broker() -> dict[str, Any]:
    return {
        "Parameters": _parameters(),
        "Conditions": {
            "BrokerCluster": {"Fn::Equals": [ref("BrokerDeployment"), "CLUSTER_MULTI_AZ"]}
        },
        "Resources": {"Broker": _broker(), "BrokerSecret": _secret()},
        "Outputs": {
            "BrokerLogs": {
                "Description": "How the names of the broker's log groups begin",
                "Value": sub("/aws/amazonmq/broker/${Broker}/"),
            }
        },
    }


def _parameters() -> dict[str, Any]:
    return {
        "BrokerDeployment": {
            "Type": "String",
            "Default": "SINGLE_INSTANCE",
            "AllowedValues": ["SINGLE_INSTANCE", "CLUSTER_MULTI_AZ"],
            "Description": "One node, or three in several zones. A change makes a new broker; "
            "the outbox publishes again what waited in the old one.",
        },
        # RabbitMQ 4 runs on m7g only. Each environment of a function that publishes holds a
        # connection: medium takes 100 of them, and is for trying; large takes 1,500 (developer
        # guide, "Default resource limits").
        "BrokerInstance": {
            "Type": "String",
            "Default": "mq.m7g.large",
            "AllowedPattern": r"^mq\.m7g\.(medium|large|\d*xlarge)$",
            "ConstraintDescription": "must be an mq.m7g type, such as mq.m7g.large",
            "Description": "Size of the broker's nodes",
        },
    }


def _broker() -> dict[str, Any]:
    return {
        "Type": "AWS::AmazonMQ::Broker",
        # Its interfaces are in use until Lambda's pollers have gone, so the rules outlive it.
        "DependsOn": ["FunctionsToBroker", "PollersToBroker", "PollersOut"],
        "Properties": {
            "BrokerName": BROKER_NAME,
            "EngineType": "RABBITMQ",
            "EngineVersion": ENGINE_VERSION,
            "HostInstanceType": ref("BrokerInstance"),
            "DeploymentMode": ref("BrokerDeployment"),
            "PubliclyAccessible": False,
            "AutoMinorVersionUpgrade": True,  # Amazon MQ demands it
            # A single node takes exactly one subnet, a cluster at least one (API reference,
            # `CreateBroker`).
            "SubnetIds": {"Fn::If": ["BrokerCluster", SUBNETS, [ONE_SUBNET]]},
            "SecurityGroups": [attribute("BrokerSecurityGroup", "GroupId")],
            "Users": [{"Username": _of_secret("username"), "Password": _of_secret("password")}],
            "Logs": {"General": True},
            "MaintenanceWindowStartTime": {
                "DayOfWeek": "SUNDAY",
                "TimeOfDay": "03:00",
                "TimeZone": "UTC",
            },
        },
    }


def _of_secret(key: str) -> dict[str, str]:
    return sub(f"{{{{resolve:secretsmanager:${{BrokerSecret}}:SecretString:{key}}}}}")


def _secret() -> dict[str, Any]:
    return {
        "Type": "AWS::SecretsManager::Secret",
        # It opens this broker only, and goes with it.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "Description": "How functions and Lambda's pollers log in to Belfry's broker",
            "GenerateSecretString": {
                "SecretStringTemplate": json.dumps({"username": USERNAME}),
                "GenerateStringKey": "password",
                "PasswordLength": 40,
                # Amazon MQ forbids , : and =; other signs would have to be escaped in an address.
                "ExcludePunctuation": True,
            },
        },
    }
