"""The secrets that Belfry makes itself. MongoDB's address is the operator's: `MongodbSecret`.

None has a fixed name, because Secrets Manager keeps a deleted name for days: whoever destroys a
stage can deploy it again at once.
"""

from __future__ import annotations

import json
from typing import Any

from belfry.signing_keys import PLACEHOLDER
from gateway.spec import Spec
from infra.template.names import attribute, logical_id, ref


def secrets(spec: Spec) -> dict[str, Any]:
    """The keys of the tokens, the first administrator, and what x-deployment wants rotated.

    Raises ValueError for a rotation of a secret that there is not.
    """
    resources = {
        "SigningKeySecret": _filled_later("The private key that signs Belfry's tokens"),
        "VerificationKeysSecret": _filled_later(
            "The public keys that Belfry's tokens are verified with, the newest first"
        ),
        "AdministratorSecret": _administrator(),
    }
    for name, rotation in spec.deployment.rotations.items():
        secret = f"{logical_id(name)}Secret"
        if secret not in resources:
            raise ValueError(f"x-deployment → rotations → {name}: there is no {secret}")
        resources |= _rotation(secret, logical_id(rotation.function), rotation.every_days)
    return {
        "Parameters": {
            "AdministratorEmail": {
                "Type": "String",
                "Default": "admin@example.com",
                "AllowedPattern": r'^[^@\s"\\]+@[^@\s"\\]+$',
                "ConstraintDescription": "must be an e-mail address",
                "Description": "The first administrator. A change gives a new password, too.",
            }
        },
        "Resources": resources,
        "Outputs": {
            "AdministratorSecret": {
                "Description": "Where the first administrator's password is",
                "Value": ref("AdministratorSecret"),
            }
        },
    }


def _filled_later(description: str) -> dict[str, Any]:
    """The function that prepares a version makes the keys.

    Were the placeholder ever another, CloudFormation would write it over them.
    """
    return {
        "Type": "AWS::SecretsManager::Secret",
        # Tokens live for minutes: a new stage makes new keys.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"Description": description, "SecretString": PLACEHOLDER},
    }


def _administrator() -> dict[str, Any]:
    return {
        "Type": "AWS::SecretsManager::Secret",
        # The account stays in MongoDB; the next stage gives it its own new password.
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "Description": "The first administrator of Belfry",
            "GenerateSecretString": {
                "SecretStringTemplate": {
                    "Fn::Sub": json.dumps({"email": "${AdministratorEmail}"}),
                },
                "GenerateStringKey": "password",
                "PasswordLength": 24,
                "ExcludePunctuation": True,
            },
        },
    }


def _rotation(secret: str, function: str, days: int) -> dict[str, Any]:
    return {
        f"{secret}Rotation": {
            "Type": "AWS::SecretsManager::RotationSchedule",
            # Secrets Manager tries the function when it hears of it.
            "DependsOn": [f"{secret}RotationPermission", "Prepared"],
            "Properties": {
                "SecretId": ref(secret),
                "RotationLambdaARN": attribute(function, "Arn"),
                "RotationRules": {"AutomaticallyAfterDays": days},
                "RotateImmediatelyOnUpdate": False,  # a deployment shall not change keys
            },
        },
        f"{secret}RotationPermission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": ref(function),
                "Principal": "secretsmanager.amazonaws.com",
                "SourceAccount": ref("AWS::AccountId"),
            },
        },
    }
