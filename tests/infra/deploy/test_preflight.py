"""What is looked at before a deployment: how much Lambda lets run at once, MongoDB's secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from infra.deploy.aws import Aws, DeployError
from infra.deploy.preflight import check_concurrency, check_secret, reserved
from tests.infra.deploy.emulator import Emulator

HERE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"


def functions(*concurrency: int | None) -> dict[str, Any]:
    """A template of functions that reserve so much; None is one that reserves nothing."""
    found = {f"F{n}": {} if c is None else reserving(c) for n, c in enumerate(concurrency)}
    return {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, **found}}


def reserving(concurrency: int) -> dict[str, Any]:
    return {"Properties": {"ReservedConcurrentExecutions": concurrency}}


@dataclass
class Account:
    """An account whose only service is Lambda; moto's does not know GetAccountSettings."""

    client: Any
    stub: Stubber

    def aws(self, quota: int, unreserved: int) -> Aws:
        limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
        self.stub.add_response("get_account_settings", {"AccountLimit": limit}, {})
        return Aws(Session(self.client), "123456789012", "eu-central-1")


@dataclass
class Session:
    lambda_: Any

    def client(self, name: str, *, config: Config) -> Any:
        assert name == "lambda"
        return self.lambda_


class ConsolesSecret:
    """An account in whose console a secret was made: it names its key by the id, whoever's it is.

    Moto takes every key for the customer's.
    """

    def __init__(self, arn: str, manager: str) -> None:
        session = boto3.Session("a", "b", region_name="eu-central-1")
        self._clients = {name: session.client(name) for name in ("secretsmanager", "kms")}
        answers = {
            "secretsmanager": ("describe_secret", {"ARN": arn, "KmsKeyId": "key-1"}),
            "kms": ("describe_key", {"KeyMetadata": {"KeyId": "key-1", "KeyManager": manager}}),
        }
        for name, answer in answers.items():
            stub = Stubber(self._clients[name])
            stub.add_response(*answer)
            stub.activate()

    def client(self, name: str, *, config: Config) -> Any:
        return self._clients[name]


@pytest.fixture
def account() -> Iterator[Account]:
    client = boto3.Session("a", "b", region_name="eu-central-1").client("lambda")
    with Stubber(client) as stub:
        yield Account(client, stub)
        stub.assert_no_pending_responses()


def test_an_account_with_room_is_well(account: Account) -> None:
    check_concurrency(account.aws(1000, 1000), functions(200, None))
    check_concurrency(account.aws(400, 300), functions(150, 50))


@pytest.mark.parametrize(
    ("quota", "unreserved", "needed"),
    [(10, 10, "300"), (299, 299, "300"), (1000, 299, "1,001")],
    ids=["new account", "one too few", "others have reserved"],
)
def test_a_new_account_is_told_what_to_ask_for(
    account: Account, quota: int, unreserved: int, needed: str
) -> None:
    with pytest.raises(DeployError, match="Service Quotas, AWS Lambda") as told:
        check_concurrency(account.aws(quota, unreserved), functions(200))
    sentence = str(told.value)
    assert f"may run {quota:,} functions at once in eu-central-1" in sentence
    assert f"Ask for at least {needed} " in sentence
    assert "Nothing was made." in sentence


def test_what_reserves_nothing_asks_nothing(account: Account) -> None:
    aws = Aws(Session(account.client), "123456789012", "eu-central-1")
    check_concurrency(aws, functions(None, None))


@given(st.lists(st.one_of(st.none(), st.integers(0, 1000))))
def test_what_functions_reserve_is_added_up(concurrency: list[int | None]) -> None:
    assert reserved(functions(*concurrency)) == sum(filter(None, concurrency))


def secret(emulator: Emulator, **more: str) -> str:
    secrets = emulator.client("secretsmanager")
    return str(secrets.create_secret(Name="mongodb", SecretString="mongodb://…", **more)["ARN"])


def test_a_secret_that_functions_can_read_is_well(emulator: Emulator) -> None:
    check_secret(emulator.aws, secret(emulator))


def test_so_is_one_that_names_the_key_which_everybody_has(emulator: Emulator) -> None:
    check_secret(emulator.aws, secret(emulator, KmsKeyId="alias/aws/secretsmanager"))


def test_whose_a_key_is_that_is_named_by_its_id_is_asked() -> None:
    arn = f"{HERE}:mongodb-abc123"
    check_secret(Aws(ConsolesSecret(arn, "AWS"), "123456789012", "eu-central-1"), arn)
    with pytest.raises(DeployError, match="encrypted with key-1"):
        check_secret(Aws(ConsolesSecret(arn, "CUSTOMER"), "123456789012", "eu-central-1"), arn)


def test_a_secret_with_a_key_of_its_own_is_told(emulator: Emulator) -> None:
    key = emulator.client("kms").create_key()["KeyMetadata"]["KeyId"]
    arn = secret(emulator, KmsKeyId=key)
    with pytest.raises(DeployError, match=f"encrypted with {key}, .* may not use"):
        check_secret(emulator.aws, arn)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:mongodb-abc123",
        "arn:aws:secretsmanager:eu-central-1:210987654321:secret:mongodb-abc123",
        "mongodb",
    ],
    ids=["another region", "another account", "no arn"],
)
def test_a_secret_of_somewhere_else_is_told(emulator: Emulator, arn: str) -> None:
    with pytest.raises(DeployError, match=r"not in eu-central-1 of account 123456789012.*Nothing"):
        check_secret(emulator.aws, arn)


def test_a_secret_that_is_not_there_is_told(emulator: Emulator) -> None:
    with pytest.raises(DeployError, match=f"there is no {HERE}:nobody-abc123"):
        check_secret(emulator.aws, f"{HERE}:nobody-abc123")


def test_an_arn_that_is_not_whole_is_completed(emulator: Emulator) -> None:
    arn = secret(emulator)
    with pytest.raises(DeployError, match=f"whole ARN of that secret is {arn}"):
        check_secret(emulator.aws, f"{HERE}:mongodb")


def test_a_secret_that_is_being_deleted_is_told(emulator: Emulator) -> None:
    arn = secret(emulator)
    emulator.client("secretsmanager").delete_secret(SecretId=arn)
    with pytest.raises(DeployError, match="is being deleted"):
        check_secret(emulator.aws, arn)
