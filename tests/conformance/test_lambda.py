"""What Lambda gives a function, and what it allows: context, environment, concurrency."""

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conformance.stack import Stack

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FUNCTION_ARN = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[^:]+)?")
VARIABLES = {
    "_HANDLER",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "TZ",
}


def at_once(full: Stack, count: int, order: dict[str, Any], path: str) -> Sequence[httpx.Response]:
    """The answers to so many requests at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: full.act(order, path), range(count)))


@pytest.mark.line("LAMBDA-1")
def test_the_context_has_what_aws_documents(full: Stack) -> None:
    found = full.act({"do": "context"}).json()
    assert found["function_name"]
    assert found["function_version"]
    assert FUNCTION_ARN.fullmatch(found["invoked_function_arn"])
    assert found["memory_limit_in_mb"] == "512"
    assert UUID.fullmatch(found["aws_request_id"])
    assert found["log_group_name"].startswith("/aws/lambda/")
    assert "[" in found["log_stream_name"]
    identity = {"cognito_identity_id": None, "cognito_identity_pool_id": None}
    assert (found["identity"], found["client_context"]) == (identity, None)
    first, later = found["remaining"]
    assert 10_000 >= first > later > 5_000


@pytest.mark.line("LAMBDA-1")
def test_each_invocation_has_an_id_of_its_own(full: Stack) -> None:
    ids = {full.act({"do": "context"}).json()["aws_request_id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-2a", "LAMBDA-2b", "LAMBDA-5")
def test_the_environment_has_what_aws_documents_and_the_function_s_own(full: Stack) -> None:
    found = full.act({"do": "environment"}).json()
    variables = found["variables"]
    assert set(variables) >= VARIABLES
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert variables["AWS_EXECUTION_ENV"].startswith("AWS_Lambda_python3.")
    assert (variables["CONFORMANCE"], variables["WORD"]) == ("its own", "λ")
    assert found["awslambdaric"]


@pytest.mark.line("LAMBDA-3b")
def test_module_globals_persist(full: Stack) -> None:
    counts = [full.act({"do": "count"}).json() for _ in range(3)]
    first, *_, last = counts
    assert last["process"] == first["process"]
    assert last["invocations"] > first["invocations"]


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-3a")
def test_an_environment_has_one_invocation_at_a_time(full: Stack) -> None:
    order = {"do": "sleep", "seconds": 0.3}
    answers = at_once(full, 3, order, "/act")
    assert [answer.json()["atOnce"] for answer in answers] == [1, 1, 1]


@pytest.mark.isolated
@pytest.mark.line("LAMBDA-4")
def test_more_invocations_than_the_concurrency_allows_are_throttled(full: Stack) -> None:
    order = {"do": "sleep", "seconds": 1}
    answers = at_once(full, 3, order, "/act-alone")
    assert sorted(answer.status_code for answer in answers) == [200, 429, 429]
    assert full.act({"do": "count"}, "/act-alone").status_code == 200


@pytest.mark.line("LAMBDA-3d")
def test_an_answer_that_is_no_json_is_an_error_of_the_function(full: Stack) -> None:
    response = full.act({"do": "unserializable"})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert json.loads(full.act({"do": "count"}).text)
