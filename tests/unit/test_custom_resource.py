"""What CloudFormation is told by a custom resource, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import CloudFormationCustomResourceCreateModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belfry.custom_resource import ANSWER_WITHIN, NotAnswered, Work, custom_resource
from belfry.errors import ConfigurationError, QueueUnavailable
from belfry.wiring import Deps
from tests.response_url import ResponseServer, response_server


@pytest.fixture
def cloudformation() -> Iterator[ResponseServer]:
    with response_server() as server:
        yield server


def run(work: Work, event: dict[str, Any], *, seconds: float = 900) -> list[float]:
    """Invoke with so much time; answers the pauses."""
    pauses: list[float] = []
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: int(seconds * 1000))
    custom_resource(work).using(Deps(pause=pauses.append))(event, context)
    return pauses


def nothing(deps: Deps) -> None: ...


def failing(error: Exception) -> Work:
    def work(deps: Deps) -> None:
        raise error

    return work


def test_the_event_is_one_of_cloudformation(cloudformation: ResponseServer) -> None:
    CloudFormationCustomResourceCreateModel.model_validate(cloudformation.event())


def test_a_success_is_told_with_what_cloudformation_asks_back(
    cloudformation: ResponseServer,
) -> None:
    event = cloudformation.event()
    run(nothing, event)
    assert cloudformation.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "",
            "PhysicalResourceId": "Prepared",
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
        }
    ]
    [(path, headers, _)] = cloudformation.puts
    assert event["ResponseURL"].endswith(path), "as it was signed"
    assert "content-type" not in {name.lower() for name in headers}


def test_the_physical_id_stays_or_cloudformation_would_delete_the_old_one(
    cloudformation: ResponseServer,
) -> None:
    for kind in ("Update", "Delete"):
        run(nothing, cloudformation.event(kind, PhysicalResourceId="the first one"))
    assert [each["PhysicalResourceId"] for each in cloudformation.answers] == ["the first one"] * 2


def test_deleting_succeeds_and_does_nothing(cloudformation: ResponseServer) -> None:
    event = cloudformation.event("Delete", PhysicalResourceId="Prepared")
    run(failing(AssertionError("called")), event)
    assert [each["Status"] for each in cloudformation.answers] == ["SUCCESS"]


def test_who_is_not_cloudformation_is_told_so() -> None:
    with pytest.raises(ValueError, match="ResponseURL is missing"):
        run(failing(AssertionError("called")), {"RequestType": "Create"})


def unavailable() -> QueueUnavailable:
    error = QueueUnavailable("RabbitMQ cannot be reached.")
    error.__cause__ = OSError("connection refused")
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConfigurationError("RABBITMQ_URL: refused"), "RABBITMQ_URL: refused"),
        (unavailable(), "RabbitMQ cannot be reached. (connection refused)"),
        (
            KeyError("a secret, or somebody's name"),
            "KeyError: the traceback is in the log group /aws/lambda/belfry-test-system-prepare.",
        ),
    ],
    ids=["ours", "temporary", "a bug"],
)
def test_an_error_becomes_a_reason_that_helps_and_tells_no_secret(
    cloudformation: ResponseServer, error: Exception, reason: str
) -> None:
    run(failing(error), cloudformation.event())
    [answer] = cloudformation.answers
    assert (answer["Status"], answer["Reason"]) == ("FAILED", reason)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(), min_size=1) | st.sampled_from(["\0" * 9999, "😀" * 9999]))
def test_the_answer_is_never_larger_than_cloudformation_takes(
    cloudformation: ResponseServer, text: str
) -> None:
    cloudformation.puts.clear()
    event = cloudformation.event(StackId="s" * 300, LogicalResourceId="l" * 255)
    run(failing(ConfigurationError(text)), event)
    [(_, _, body)] = cloudformation.puts
    assert len(body) <= 4096
    assert cloudformation.answers[0]["Status"] == "FAILED"


def test_when_time_is_nearly_over_it_has_failed_and_is_not_told_twice(
    cloudformation: ResponseServer, caplog: pytest.LogCaptureFixture
) -> None:
    def work(deps: Deps) -> None:
        assert cloudformation.has_come.wait(10)

    run(work, cloudformation.event(), seconds=ANSWER_WITHIN + 0.05)
    [answer] = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert "longer than its function may" in answer["Reason"]
    assert "too late to answer SUCCESS" in caplog.text


def test_work_that_ends_after_an_answer_that_did_not_arrive_is_told() -> None:
    with response_server(403) as server:

        def work(deps: Deps) -> None:
            assert server.has_come.wait(10)

        run(work, server.event(), seconds=ANSWER_WITHIN + 0.05)
        assert [each["Status"] for each in server.answers] == ["FAILED", "SUCCESS"]


def test_an_answer_that_does_not_arrive_is_tried_again() -> None:
    with response_server(500, 503) as server:
        assert run(nothing, server.event()) == [1, 2]
        assert [each["Status"] for each in server.answers] == ["SUCCESS"] * 3


def test_an_address_that_is_refused_is_not_tried_again() -> None:
    with response_server(403) as server:
        with pytest.raises(NotAnswered, match="status 403"):
            run(nothing, server.event())
        assert len(server.puts) == 1


def test_an_address_that_nobody_listens_at_is_told_without_its_signature(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with response_server() as server:
        event = server.event()
    with pytest.raises(NotAnswered, match="could not be answered: ConnectionRefusedError") as error:
        run(nothing, event)
    assert "Signature" not in str(error.value) + caplog.text
