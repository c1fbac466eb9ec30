"""What is looked at before a first deployment: how much Lambda lets run at once."""

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
from infra.deploy.preflight import check_concurrency, reserved


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
