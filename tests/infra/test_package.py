"""What AWS is given: small, whole, the same each time; and its functions run from it alone."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from belfry.signing_keys import PLACEHOLDER
from gateway.invoker import Event
from gateway.spec import load_spec
from infra.package import ARCHITECTURES, ROOT, package
from infra.template.functions import environment
from infra.template.rights import HOLDERS, Right, rights_of
from local_runner.command.home import Home
from tests.aws_emulator import aws_emulator, client
from tests.infra.conftest import Packages
from tests.infra.events import events
from tests.response_url import ResponseServer, response_server

SPEC = load_spec(ROOT / "openapi.yaml")
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
FUNCTIONS = SPEC.addresses()

MOST_BYTES = 10_000_000
SDKS = {"argon2", "boto3", "botocore", "bson", "cryptography", "jwt", "pika", "pymongo", "urllib3"}
USED_FOR: Mapping[Right, set[str]] = {
    Right.DATABASE: {"pymongo", "bson"},
    Right.BROKER: {"pika"},
    Right.PUSH: {"botocore", "urllib3"},
    Right.SIGN: {"jwt", "cryptography"},
    Right.VERIFY: {"jwt", "cryptography"},
    Right.HANG_UP: {"botocore", "urllib3"},
    Right.MAKE_KEYS: {"cryptography", "jwt", "botocore", "urllib3"},
    Right.ROTATE_KEYS: {"cryptography", "jwt", "botocore", "urllib3"},
}
MAKES_KEYS = HOLDERS[Right.MAKE_KEYS] | HOLDERS[Right.ROTATE_KEYS]
"""Those that are given where the keys are, and not the keys."""

REGION = "us-east-1"
"""As `Home` has it."""

HASHES = {"auth.login", "auth.register", "system.prepare"}
"""Those that see passwords."""


@pytest.mark.parametrize("name", [each.name for each in ARCHITECTURES])
class TestWhatIsInIt:
    def test_it_is_small(self, packages: Packages, name: str) -> None:
        assert packages[name].zip.stat().st_size < MOST_BYTES

    def test_it_holds_what_the_functions_need_and_nothing_else(
        self, packages: Packages, name: str
    ) -> None:
        names = zipfile.ZipFile(packages[name].zip).namelist()
        for module in FUNCTIONS:
            assert f"functions/{module.replace('.', '/')}.py" in names
        strangers = {
            "tests",
            "gateway",
            "local_runner",
            "infra",
            "web",
            "chalice",
            "boto3",
            "bench",
        }
        assert not strangers & {each.partition("/")[0] for each in names}
        assert not [n for n in names if "__pycache__" in n or n.endswith((".pyc", ".pyi"))]
        assert not [n for n in names if n.startswith("belfry/client/")]

    def test_its_libraries_are_for_this_processor(self, packages: Packages, name: str) -> None:
        machine = {"arm64": 0xB7, "x86-64": 0x3E}[name]  # e_machine of ELF
        archive = zipfile.ZipFile(packages[name].zip)
        libraries = [each for each in archive.namelist() if each.endswith(".so")]
        assert len(libraries) >= 5
        for each in libraries:
            head = archive.read(each)[:20]
            assert head[:4] == b"\x7fELF"
            assert int.from_bytes(head[18:20], "little") == machine, each

    def test_the_template_says_so(self, packages: Packages, name: str) -> None:
        template = json.loads(packages[name].template.read_text())
        functions = [
            each["Properties"]
            for each in template["Resources"].values()
            if each["Type"] == "AWS::Serverless::Function"
        ]
        assert {each["Handler"] for each in functions} == {
            f"functions.{function}.handler" for function in FUNCTIONS
        }
        lambda_name = packages[name].architecture.lambda_name
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for each in functions:
            assert each["Architectures"] == [lambda_name]
            assert each["Runtime"] == version
            assert each["CodeUri"] == "./deployment.zip"
            assert each["Tracing"] == {"Ref": "Tracing"}


def test_the_same_sources_give_the_same_bytes(packages: Packages, tmp_path: Path) -> None:
    again = {each.architecture.name: each for each in package(tmp_path)}
    for name, first in packages.items():
        assert first.zip.read_bytes() == again[name].zip.read_bytes()
        assert first.template.read_bytes() == again[name].template.read_bytes()


@dataclass(frozen=True, slots=True)
class Ran:
    imported: set[str]
    used: set[str]
    answer: Any
    error: str | None


@pytest.fixture(scope="module")
def unpacked(packages: Packages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip for the processor that this runs on."""
    name = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86-64"
    folder = tmp_path_factory.mktemp("zip")
    zipfile.ZipFile(packages[name].zip).extractall(folder)
    return folder


@pytest.fixture(scope="module")
def secrets_manager() -> Iterator[str]:
    with aws_emulator() as url:
        yield url


@pytest.fixture(scope="module")
def cloudformation() -> Iterator[ResponseServer]:
    with response_server() as server:
        yield server


@pytest.fixture(scope="module")
def keys(secrets_manager: str) -> Mapping[str, str]:
    """The secrets of the keys, as the template makes them, by the variable that names each."""
    secrets = client(secrets_manager, "secretsmanager", REGION)
    return {
        name: secrets.create_secret(Name=name, SecretString=PLACEHOLDER)["ARN"]
        for name in ("TOKEN_PRIVATE_KEY", "TOKEN_PUBLIC_KEY")
    }


@pytest.fixture(scope="module")
def ran(
    unpacked: Path,
    mongodb_uri: str,
    rabbitmq_url: str,
    secrets_manager: str,
    keys: Mapping[str, str],
    cloudformation: ResponseServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Ran]:
    """Every function, run in an interpreter of its own that has the zip and nothing else."""
    home = Home(tmp_path_factory.mktemp("home")).environment()
    values = {
        **home,
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": f"zip_{uuid4().hex[:12]}",
        "RABBITMQ_URL": rabbitmq_url,
        "ADMINISTRATOR": json.dumps({"email": "admin@example.com", "password": "correct horse"}),
        "STAGE": "test",
    }
    version = client(secrets_manager, "secretsmanager", REGION).put_secret_value(
        SecretId=keys["TOKEN_PRIVATE_KEY"],
        SecretString=values["TOKEN_PRIVATE_KEY"],
        VersionStages=["AWSPENDING"],
    )["VersionId"]
    step = {"SecretId": keys["TOKEN_PRIVATE_KEY"], "ClientRequestToken": version}
    asked = dict(
        events(
            SPEC,
            DOCUMENT,
            "e30.e30.e30",
            {
                "system.prepare": cloudformation.event(),
                "auth.rotate_signing_key": {"Step": "setSecret", **step},
            },
        )
    )

    def run(function: str) -> Ran:
        # Only the variables that the template gives it, and those of Lambda itself.
        own = {**values, **keys} if function in MAKES_KEYS else values
        given = {name: own[name] for name in environment(function) if name in own}
        given |= {name: home[name] for name in home if name.startswith("AWS_")}
        given |= {"AWS_ENDPOINT_URL": secrets_manager}
        given["MONGODB_DATABASE"] = values["MONGODB_DATABASE"]
        return _run(unpacked, function, asked[function], given)

    prepared = {"system.prepare": run("system.prepare")}
    others = [function for function in asked if function not in prepared]
    with ThreadPoolExecutor(2) as pool:
        return prepared | dict(zip(others, pool.map(run, others), strict=True))


def _run(folder: Path, function: str, event: Event, given: Mapping[str, str]) -> Ran:
    question = {
        "folder": str(folder),
        "module": f"functions.{function}",
        "event": event,
        "environment": given,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("in_the_zip.py"))],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{function}: {done.stderr}"
    told = json.loads(done.stdout.splitlines()[-1])
    return Ran(set(told["imported"]), set(told["used"]), told.get("answer"), told.get("error"))


@pytest.mark.parametrize("function", FUNCTIONS)
class TestEveryFunctionFromTheZipAlone:
    def test_its_import_loads_no_sdk(self, ran: Mapping[str, Ran], function: str) -> None:
        # Those that are given where the keys are, as in a deployment, load theirs early.
        early = sdks_of(function) if function in MAKES_KEYS else set()
        assert not ran[function].imported & (SDKS | {"chalice"}) - early

    def test_it_answers(
        self, ran: Mapping[str, Ran], cloudformation: ResponseServer, function: str
    ) -> None:
        done = ran[function]
        if function.startswith("auth.authorize"):
            assert done.error == "Unauthorized: Unauthorized"  # the token is none
            return
        if function == "system.prepare":
            assert [each["Status"] for each in cloudformation.answers] == ["SUCCESS"], (
                cloudformation.answers
            )
        assert done.error is None
        if isinstance(done.answer, dict) and "statusCode" in done.answer:
            assert done.answer["statusCode"] < 500, done.answer
            assert '"status":400' not in str(done.answer.get("body")), done.answer

    def test_it_loads_only_the_sdks_that_it_needs(
        self, ran: Mapping[str, Ran], function: str
    ) -> None:
        loaded = ran[function].used & (SDKS | {"chalice"})
        allowed = sdks_of(function)
        assert loaded <= allowed, f"{function} loads {', '.join(sorted(loaded - allowed))}"

    def test_in_a_deployment_its_import_loads_them_early(
        self, unpacked: Path, function: str
    ) -> None:
        arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:name-AbCdEf"
        given = dict.fromkeys(environment(function), arn)
        program = (
            f"import sys; sys.path.insert(0, {str(unpacked)!r}); import functions.{function}; "
            "print(*{name.partition('.')[0] for name in sys.modules})"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program],
            env=given,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        loaded = set(done.stdout.split()) & (SDKS | {"chalice"})
        assert loaded <= sdks_of(function) | {"botocore", "urllib3"}  # these read the secrets
        assert {"pymongo", "pika", "jwt"} & loaded == {"pymongo", "pika", "jwt"} & sdks_of(function)


def sdks_of(function: str) -> set[str]:
    """What the function may load: what its rights are good for."""
    found = {"argon2"} if function in HASHES else set()
    for right in rights_of(function):
        found |= USED_FOR.get(right, set())
    return found
