"""docs/deploy.md says what there is, and its steps work as written: at an emulator, and here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.spec import load_spec
from infra.deploy.artifacts import Artifacts
from infra.deploy.release import LOCAL_CODE, located, read
from infra.template.names import chalice_name
from infra.template.template import template
from local_runner.command.home import Home
from tests.declared import ROOT
from tests.infra.deploy.emulator import Emulator
from tests.infra.deploy.small_package import small_template, write_package
from tests.runner import Belfry

PAGE = (ROOT / "docs" / "deploy.md").read_text()
SPEC = load_spec(ROOT / "openapi.yaml")
TEMPLATE = template(SPEC)
BLOCKS: list[str] = re.findall(r"(?ms)^```sh\n(.*?)^```", PAGE)
CHOSEN_WHEN_NEW = {"Stage", "MongodbSecret"}
"""Parameters that are options of their own."""


def test_each_parameter_is_told_with_its_default() -> None:
    told = _table("parameter")
    names = {name for row in told for name in re.findall(r"`(\w+)`", row)}
    assert names == TEMPLATE["Parameters"].keys() - CHOSEN_WHEN_NEW
    for row, default in told.items():
        for name in re.findall(r"`(\w+)`", row):
            declared = str(TEMPLATE["Parameters"][name]["Default"])
            assert default.strip("`") == declared or not declared, name


def test_each_output_is_one() -> None:
    told = {name for row in _table("output") for name in re.findall(r"`(\w+)`", row)}
    assert told <= TEMPLATE["Outputs"].keys()


def test_each_log_and_resource_is_one() -> None:
    groups = {
        resource["Properties"]["LogGroupName"]["Fn::Sub"].replace("${Stage}", "prod")
        for resource in TEMPLATE["Resources"].values()
        if resource.get("Type") == "AWS::Logs::LogGroup"
    }
    told = set(re.findall(r"`(/aws/(?:lambda|vendedlogs)/[a-z/-]+)`", PAGE))
    assert len(told) > 1
    assert told <= groups
    for name in ("Prepared", "AlarmTopic", "PollersToBroker", "BrokerSecret"):
        assert f"`{name}`" in PAGE
        assert name in TEMPLATE["Resources"]
    functions = {chalice_name(each) for each in SPEC.addresses()}
    assert set(re.findall(r"`belfry-prod-([a-z-]+)`", PAGE)) <= functions


def test_what_is_reserved_for_long_polls_is_as_the_page_says() -> None:
    reserved = sum(SPEC.settings(each).concurrency or 0 for each in SPEC.addresses())
    assert f"**{reserved + 100}**" in PAGE
    assert f"{reserved} are reserved" in PAGE


def test_the_address_of_mongodb_becomes_a_secret_and_is_not_shown(emulator: Emulator) -> None:
    shown = _run(_block("create_secret"), emulator, typed="mongodb+srv://u:p@example.net/\n")
    arn = shown.strip().rpartition("arn:")[2]
    assert "u:p@" not in shown
    found = emulator.client("secretsmanager").get_secret_value(SecretId=f"arn:{arn}")
    assert found["SecretString"] == "mongodb+srv://u:p@example.net/"


def test_what_a_new_stack_is_said_to_have_is_in_it() -> None:
    said = dict(re.findall(r"(?m)^ +\d+  (\w+) +(\d+ .*)$", PAGE))
    assert said.keys() >= {"Lambda", "IAM"}
    functions = len(SPEC.addresses())
    assert f"{functions} Function," in said["Lambda"]


def test_a_package_that_comes_back_from_the_bucket_is_the_same(
    emulator: Emulator, tmp_path: Path
) -> None:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": LOCAL_CODE}}
    made = read(write_package(tmp_path / "made", small_template(SystemHealth=function)))
    bucket = Artifacts(emulator.aws)
    bucket.prepare()
    bucket.put_file(made.code_key, made.code, lambda _: None)
    template = located(made, bucket.bucket)
    bucket.put(template.key, template.body)
    s3 = emulator.client("s3")
    [key] = [key for key in _keys(s3, bucket.bucket) if key.endswith(".template.json")]
    s3.download_file(bucket.bucket, key, str(tmp_path / "template.json"))
    kept = json.loads((tmp_path / "template.json").read_text())
    assert kept["Metadata"]["Belfry"]["Version"] == template.version
    s3.download_file(bucket.bucket, _code_key(kept["Resources"]), str(tmp_path / "deployment.zip"))
    assert located(read(tmp_path), bucket.bucket) == template


def test_the_first_notification_by_the_api(emulator: Emulator, belfry: Belfry) -> None:
    admin = Home(belfry.folder).admin()
    secret = json.dumps({"email": admin.email, "password": admin.password})
    secrets = emulator.client("secretsmanager")
    arn = secrets.create_secret(Name="administrator", SecretString=secret)["ARN"]
    steps = re.sub(r"(?m)^URL=.*$", f"URL={belfry.url}", _block("/api/notifications"))
    answer = _run(steps.replace("secret ARN", f"secret {arn}"), emulator)
    assert "HTTP/1.1 201 Created" in answer
    assert '"message":"Hello, Ada"' in answer


def test_the_first_notification_by_the_client(belfry: Belfry) -> None:
    admin = Home(belfry.folder).admin()
    person = {"username": "Eve", "email": "eve@example.com", "password": "correct horse"}
    belfry.http.post("/api/register", json=person).raise_for_status()
    [program] = re.findall(r"(?s)```python\n(.*?)```", PAGE)
    program = re.sub(r'"https://[^"]*"', repr(belfry.url), program)
    program = program.replace("getpass()", repr(admin.password)).replace("ada@", "eve@")
    assert admin.email in program
    scope: dict[str, Any] = {}
    exec(program, scope)  # the page's own
    assert [each.message for each in _inbox(belfry.url, person)] == ["Hello again, Ada"]


def _inbox(url: str, person: Mapping[str, str]) -> list[Any]:
    from belfry.client import Belfry as Client

    with Client.log_in(url, person["email"], person["password"]) as client:
        return list(client.inbox())


def _keys(s3: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]]


def _code_key(resources: Mapping[str, Any]) -> str:
    """What the page has one look for: all functions have the same."""
    properties = (resource.get("Properties", {}) for resource in resources.values())
    [key] = {each["CodeUri"]["Key"] for each in properties if "CodeUri" in each}
    return str(key)


def _table(first: str) -> dict[str, str]:
    """The first cell of each row, and the second, of the table whose first head this is."""
    rows = PAGE.split(f"| {first} |")[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.split("|")] for row in rows]
    return {row[1]: row[2] for row in cells}


def _block(content: str) -> str:
    [found] = [block for block in BLOCKS if content in block]
    return found


def _run(steps: str, emulator: Emulator, typed: str = "") -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", steps.replace(".venv/bin/python", sys.executable)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **{k: v or "" for k, v in emulator.environment.items() if v}},
        start_new_session=True,  # without a terminal, which getpass would ask
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
