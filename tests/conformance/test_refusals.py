"""What cannot be on AWS, the runner refuses to serve; each complaint names its place."""

import subprocess
from pathlib import Path

import pytest

from tests.conformance.own_runner import command

TOO_MUCH = "x" * 4096
SPEC = """
openapi: {version}
info: {{ title: Refused, version: "1" }}
paths: {{}}
"""
OUT_OF_RANGE = f"""
x-queues:
  none: {{ function: queues.report, batchSize: 0 }}
  many: {{ function: queues.report, batchSize: 10001 }}
  long: {{ function: queues.report, batchingWindowSeconds: 301 }}
  retries: {{ function: queues.report, maximumRetryAttempts: 3 }}
  bisect: {{ function: queues.report, bisectBatchOnFunctionError: true }}
  buried: {{ function: queues.report, onFailure: queues.bury }}
  partly: {{ function: queues.report, functionResponseTypes: [ReportBatchItemFailures] }}
x-functions:
  queues.large: {{ environment: {{ TEXT: {TOO_MUCH} }} }}
  queues.reserved: {{ environment: {{ AWS_REGION: mine }} }}
"""
TOO_LONG = """
x-queues:
  slow: { function: queues.report }
x-functions:
  queues.report: { timeoutSeconds: 841 }
"""


def complaints(tmp_path: Path, text: str, *, version: str = "3.0.3") -> str:
    """What the runner says about a spec that it does not serve."""
    spec = tmp_path / "openapi.yaml"
    spec.write_text(SPEC.format(version=version) + text)
    ended = subprocess.run(
        command(spec), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode not in (0, None)
    return ended.stdout + ended.stderr


@pytest.mark.line("HTTP-10a")
def test_only_openapi_3_0_is_taken(tmp_path: Path) -> None:
    assert "openapi.yaml: openapi: " in complaints(tmp_path, "", version="3.1.0")


@pytest.mark.line("MQ-1a", "MQ-3d", "LAMBDA-2c", "LAMBDA-2d")
def test_values_that_aws_does_not_take_are_named(tmp_path: Path) -> None:
    said = complaints(tmp_path, OUT_OF_RANGE)
    for place in ("none", "many", "long", "retries", "bisect", "buried", "partly"):
        assert f"x-queues → {place} → " in said
    assert "x-functions → queues.large" in said
    assert "AWS_REGION" in said


@pytest.mark.line("MQ-4a")
def test_a_function_of_a_queue_has_14_minutes_at_most(tmp_path: Path) -> None:
    said = complaints(tmp_path, TOO_LONG)
    assert "x-queues → slow → function: " in said
    assert "840 seconds" in said
