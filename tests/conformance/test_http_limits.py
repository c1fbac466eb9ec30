"""Sizes, seconds and rates of an HTTP API."""

import json
import time
from functools import partial

import pytest

from tests.conformance.raw_http import send
from tests.conformance.stack import Stack, eventually

MEGABYTE = 1024 * 1024
TOO_LARGE = (413, {"message": "Request Entity Too Large"})
TEXT = {"content-type": "text/plain"}


@pytest.mark.line("HTTP-6a", "HTTP-7c")
def test_an_integration_that_is_late_makes_the_service_unavailable(limited: Stack) -> None:
    seconds = limited.limits.integration
    began = time.monotonic()
    response = limited.act({"do": "sleep", "seconds": seconds + 3}, "/act-slowly")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert seconds * 0.9 < time.monotonic() - began < seconds + 2.5


@pytest.mark.line("HTTP-6b")
def test_more_than_ten_megabytes_are_refused(full: Stack) -> None:
    response = full.http.post("/echo", content=b"x" * (10 * MEGABYTE + 1), headers=TEXT)
    assert (response.status_code, response.json()) == TOO_LARGE


@pytest.mark.line("HTTP-6c", "LAMBDA-3c")
def test_what_does_not_fit_into_an_invocation_is_refused(full: Stack) -> None:
    response = full.http.post("/echo", content=b"x" * (7 * MEGABYTE), headers=TEXT)
    assert (response.status_code, response.json()) == TOO_LARGE


@pytest.mark.line("HTTP-6c", "LAMBDA-3c")
def test_what_fits_into_an_invocation_passes_both_ways(full: Stack) -> None:
    event = full.echo("/echo", "POST", content=b"x" * (5 * MEGABYTE), headers=TEXT)
    assert len(event["body"]) == 5 * MEGABYTE


@pytest.mark.line("HTTP-6d", "LAMBDA-3c")
def test_an_answer_that_does_not_fit_is_an_internal_error(full: Stack) -> None:
    response = full.act({"do": "fill", "bytes": 6 * MEGABYTE + 1024})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.line("HTTP-6e")
def test_request_line_and_header_values_have_10240_bytes_together(full: Stack) -> None:
    for name, value in (("x-large", "x" * 9_000), ("x-" * 5_000, "x" * 500)):
        fitting = send(full.http_url, "GET", "/echo", [(name, value)])
        assert fitting.status == 200
    for target, header in (("/echo", "x" * 10_240), ("/echo?q=" + "x" * 10_240, "")):
        refused = send(full.http_url, "GET", target, [("x-large", header)])
        assert refused.status == 431
        assert json.loads(refused.body) == {"message": "Request Header Fields Too Large"}


@pytest.mark.line("HTTP-6f")
def test_an_authorizer_that_is_late_has_failed(limited: Stack) -> None:
    order = {"do": "sleep", "seconds": limited.limits.authorizer + 3}
    began = time.monotonic()
    response = limited.http.get("/private", headers={"authorization": json.dumps(order)})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert time.monotonic() - began < limited.limits.authorizer + 2.5


@pytest.mark.line("HTTP-6g")
def test_more_requests_than_the_rate_allows_are_refused_and_later_ones_pass(
    throttled: Stack,
) -> None:
    def answers(wanted: int) -> bool:
        response = throttled.http.get("/echo")
        if response.status_code == 429:
            assert response.json() == {"message": "Too Many Requests"}
        return response.status_code == wanted

    for wanted in (200, 429, 200):
        eventually(partial(answers, wanted))
