"""`belfry cost`: tables, a plot, and errors that say what to do."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local_runner.command.main import app


def cost(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["cost", *map(str, arguments)], env={"COLUMNS": "120"})


def test_it_shows_every_service_what_saves_and_what_it_is_worth() -> None:
    began = time.monotonic()
    result = cost()
    assert time.monotonic() - began < 10
    assert result.exit_code == 0, result.output
    assert "10,000 people" in result.output
    for service in (
        "API Gateway, HTTP",
        "API Gateway, WebSocket",
        "Lambda",
        "Amazon MQ",
        "MongoDB Atlas",
        "NAT gateway",
        "CloudFront and S3",
        "CloudWatch",
        "X-Ray",
        "Secrets Manager",
        "EventBridge",
    ):
        assert re.search(rf"^{service}.*\$\d", result.output, re.MULTILINE), service
    assert "dispatch.deliver" in result.output
    assert "arm64" in result.output
    assert "█" in result.output


def total(result: Result) -> float:
    found = re.search(r"^\$([\d,]+) a month", result.output)
    assert found, result.output
    return float(found[1].replace(",", ""))


def test_what_is_given_changes_the_total() -> None:
    usual = total(cost())
    assert total(cost("--users", "100000")) > usual
    assert total(cost("--online", "0")) < usual
    assert total(cost("--notifications", "2000000")) > usual
    assert total(cost("--devices", "3")) > usual
    assert total(cost("--kept-days", "365")) > usual


def test_the_notifications_grow_with_the_people_unless_they_are_given() -> None:
    assert "100,000 notifications a day" in cost("--users", "1000").output
    assert "7 notifications a day" in cost("--users", "1000", "--notifications", "7").output


def test_it_warns_of_what_was_never_tried() -> None:
    output = cost("--users", "10000000").output
    assert "delivery queues; openapi.yaml has 2" in output
    assert "sharded MongoDB" in output
    assert "delivery queues" not in cost().output


def test_it_draws(tmp_path: Path) -> None:
    file = tmp_path / "cost.png"
    assert cost("--plot", file).exit_code == 0
    assert file.read_bytes().startswith(b"\x89PNG")


def test_the_same_numbers_are_the_same_drawing(tmp_path: Path) -> None:
    one, other = tmp_path / "one.svg", tmp_path / "other.svg"
    cost("--plot", one)
    cost("--plot", other)
    assert one.read_bytes().startswith(b"<?xml")
    assert one.read_bytes() == other.read_bytes()


def test_it_names_the_forms_that_it_can_draw(tmp_path: Path) -> None:
    result = cost("--plot", tmp_path / "cost.pdf")
    assert result.exit_code == 1
    assert ".svg or .png" in result.stderr


def test_a_drawing_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    result = cost("--plot", tmp_path / "missing" / "cost.png")
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [("--users", "0"), ("--online", "1.5"), ("--notifications", "-1"), ("--kept-days", "0")],
    ids=lambda each: str(each),
)
def test_a_number_that_cannot_be_names_its_option(option: str, value: str) -> None:
    result = cost(option, value)
    assert result.exit_code == 2
    assert option in result.stderr


def test_the_prices_name_their_sources() -> None:
    output = cost("--prices").output
    assert "https://aws.amazon.com/api-gateway/pricing/" in output
    assert "0.2734 per hour" in output
    assert "M30   0.54" in output
