"""Secrets: none is written down, none has a name that is taken, keys are rotated."""

from __future__ import annotations

import json

import pytest

from belfry.signing_keys import PLACEHOLDER
from gateway.spec import parse_spec
from infra.template.secrets import secrets
from tests.infra.template.parts import ALL, of_type


def test_no_secret_stands_in_the_template() -> None:
    for secret in of_type("AWS::SecretsManager::Secret").values():
        text = secret.get("SecretString", PLACEHOLDER)
        assert text == PLACEHOLDER
        generated = secret.get("GenerateSecretString", {})
        assert "password" not in json.dumps(generated.get("SecretStringTemplate", ""))


def test_the_placeholder_of_the_keys_never_changes() -> None:
    """CloudFormation would write a new one over the keys of every stage that stands."""
    assert PLACEHOLDER == "empty"


def test_no_secret_has_a_name_that_could_be_taken() -> None:
    assert all("Name" not in secret for secret in of_type("AWS::SecretsManager::Secret").values())


def test_passwords_are_made_of_what_amazon_mq_and_an_address_take() -> None:
    made = of_type("AWS::SecretsManager::Secret")["BrokerSecret"]["GenerateSecretString"]
    assert made["ExcludePunctuation"] is True
    assert 12 <= made["PasswordLength"] <= 250
    assert json.loads(made["SecretStringTemplate"]) == {"username": "belfry"}
    user = of_type("AWS::AmazonMQ::Broker")["Broker"]["Users"][0]
    for key in ("username", "password"):
        assert user[key.capitalize()] == {
            "Fn::Sub": f"{{{{resolve:secretsmanager:${{BrokerSecret}}:SecretString:{key}}}}}"
        }


def test_the_administrator_has_the_address_of_the_parameter() -> None:
    made = of_type("AWS::SecretsManager::Secret")["AdministratorSecret"]["GenerateSecretString"]
    assert json.loads(made["SecretStringTemplate"]["Fn::Sub"]) == {"email": "${AdministratorEmail}"}
    assert made["GenerateStringKey"] == "password"


def test_the_signing_key_is_rotated_as_declared_by_whom_secrets_manager_may_call() -> None:
    rotation = ALL["Resources"]["SigningKeySecretRotation"]
    assert rotation["Properties"] == {
        "SecretId": {"Ref": "SigningKeySecret"},
        "RotationLambdaARN": {"Fn::GetAtt": ["AuthRotateSigningKey", "Arn"]},
        "RotationRules": {"AutomaticallyAfterDays": 30},
        "RotateImmediatelyOnUpdate": False,
    }
    assert set(rotation["DependsOn"]) == {"SigningKeySecretRotationPermission", "Prepared"}
    allowed = of_type("AWS::Lambda::Permission")["SigningKeySecretRotationPermission"]
    assert allowed["Principal"] == "secretsmanager.amazonaws.com"
    assert allowed["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_a_rotation_of_no_secret_is_told() -> None:
    text = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths: {}
x-deployment: { rotations: { cookies: { function: auth.rotate, everyDays: 1 } } }
"""
    with pytest.raises(ValueError, match=r"x-deployment → rotations → cookies: .* CookiesSecret"):
        secrets(parse_spec(text))
