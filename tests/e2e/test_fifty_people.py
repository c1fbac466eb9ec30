"""The right message to the right person, with either queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from belfry.retry import RetryPolicy
from belfry.topology import topology
from tests.contract.brokers import empty
from tests.fifty_people import PEOPLE, each_gets_what_is_theirs
from tests.runner import Belfry


@pytest.fixture(scope="module", params=["embedded", "rabbitmq"])
def belfry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Belfry]:
    environment = {}
    if request.param == "rabbitmq":
        environment = {"RABBITMQ_URL": request.getfixturevalue("rabbitmq_url")}
        empty(environment["RABBITMQ_URL"], topology(RetryPolicy()))
    runner = Belfry(tmp_path_factory.mktemp("fifty") / "data", environment)
    with runner:
        yield runner


def test_each_of_1000_notifications_reaches_both_sockets_of_its_person_once(
    belfry: Belfry, record_property: Any
) -> None:
    people = [belfry.person(f"person{number}") for number in range(PEOPLE)]
    persons = [(user["id"], token) for user, token in people]
    told = each_gets_what_is_theirs(belfry.url, persons, belfry.admin_token())
    record_property("post_to_frame", told)
    print(told)
