"""What the port `belfry.signing_keys.Secrets` promises; the real one talks to moto's server.

What only the adapter does is tested on a server that answers as it is told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any, Protocol
from uuid import uuid4
from zipfile import ZipFile

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from belfry.adapters.secrets import SecretsManager
from belfry.errors import ConfigurationError, InvalidToken, SecretsUnavailable
from belfry.model import Role, User
from belfry.ports import NEW_KEYS_SECONDS
from belfry.settings import Settings
from belfry.signing_keys import (
    CURRENT,
    NEXT,
    PENDING,
    PLACEHOLDER,
    Secrets,
    SecretVersion,
    ensure_signing_key,
)
from belfry.wiring import Deps
from functions.auth import rotate_signing_key
from tests.aws_emulator import aws_emulator, client
from tests.fakes import NOON
from tests.fakes.secrets import FakeSecrets
from tests.runner import free_port

CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "hidden-key",
    "AWS_SESSION_TOKEN": "hidden-session",
}
ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nowhere-AbCdEf"


def manager(endpoint: str, pause: Callable[[float], None] = lambda _: None) -> SecretsManager:
    return SecretsManager(Settings({**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}), pause)


class Vault(Protocol):
    """Where secrets are made, and how they are reached."""

    @property
    def secrets(self) -> Secrets: ...

    def make(self, text: str) -> str: ...


class FakeVault:
    def __init__(self) -> None:
        self.secrets = FakeSecrets()

    def make(self, text: str) -> str:
        self.secrets.make(ARN, text)
        return ARN


class MotoVault:
    def __init__(self, endpoint: str) -> None:
        self.secrets = manager(endpoint)
        self._client = client(endpoint, "secretsmanager")

    def make(self, text: str) -> str:
        arn: str = self._client.create_secret(Name=uuid4().hex, SecretString=text)["ARN"]
        return arn


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with aws_emulator() as url:
        yield url


@pytest.fixture(params=["fake", "moto"])
def vault(request: pytest.FixtureRequest) -> Vault:
    if request.param == "fake":
        return FakeVault()
    return MotoVault(request.getfixturevalue("moto_endpoint"))


def version(text: str) -> SecretVersion:
    return SecretVersion(str(uuid4()), text)


def test_a_secret_says_what_it_was_made_with(vault: Vault) -> None:
    arn = vault.make("grüße\n🎉")
    current = vault.secrets.current(arn)
    assert current.text == "grüße\n🎉"
    assert vault.secrets.text_of(arn, current.id) == current.text
    assert set(vault.secrets.labels(arn)[current.id]) == {CURRENT}


def test_a_new_version_waits_until_the_label_moves(vault: Vault) -> None:
    arn = vault.make("old")
    old, new = vault.secrets.current(arn), version("new")
    vault.secrets.add(arn, new, NEXT)
    assert vault.secrets.current(arn) == old
    assert set(vault.secrets.labels(arn)[new.id]) == {NEXT}
    assert vault.secrets.move(arn, CURRENT, to=new.id, from_=old.id)
    assert vault.secrets.current(arn) == new
    assert set(vault.secrets.labels(arn)[old.id]) == {"AWSPREVIOUS"}


def test_a_label_moves_only_from_where_it_is(vault: Vault) -> None:
    arn = vault.make("old")
    old, first, second = vault.secrets.current(arn), version("first"), version("second")
    for each in (first, second):
        vault.secrets.add(arn, each, NEXT)
    assert vault.secrets.move(arn, CURRENT, to=first.id, from_=old.id)
    assert not vault.secrets.move(arn, CURRENT, to=second.id, from_=old.id)
    assert vault.secrets.current(arn) == first


def test_the_same_version_twice_changes_nothing(vault: Vault) -> None:
    arn = vault.make("old")
    new = version("new")
    for _ in range(2):
        vault.secrets.add(arn, new, PENDING)
    assert vault.secrets.text_of(arn, new.id) == "new"
    assert set(vault.secrets.labels(arn)[new.id]) == {PENDING}


def test_a_version_never_says_anything_else(vault: Vault) -> None:
    arn = vault.make("old")
    new = version("new")
    assert vault.secrets.add(arn, new, NEXT)
    assert not vault.secrets.add(arn, SecretVersion(new.id, "other"), NEXT)
    assert vault.secrets.text_of(arn, new.id) == "new"


def test_a_version_that_is_not_there_says_nothing(vault: Vault) -> None:
    assert vault.secrets.text_of(vault.make("old"), str(uuid4())) is None


def test_a_secret_that_is_not_there_is_named(vault: Vault) -> None:
    missing = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:other-AbCdEf"
    with pytest.raises(ConfigurationError, match="other-AbCdEf"):
        vault.secrets.current(missing)
    with pytest.raises(ConfigurationError, match="other-AbCdEf"):
        vault.secrets.labels(missing)


class Told(BaseHTTPRequestHandler):
    """Answers what `server.answers` says, one after the other; a status of 0 hangs up."""

    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.calls.append((self.path, body, dict(self.headers.items())))
        status, content = self.server.answers.pop(0)
        if status == 0:
            self.close_connection = True
            return
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base names it so
        pass


class Service(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Told)
        self.answers: list[tuple[int, Any]] = []
        self.calls: list[tuple[str, bytes, dict[str, str]]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


GOOD = (200, {"VersionId": "1", "SecretString": "hidden-text"})


@pytest.mark.parametrize(
    "first",
    [
        (0, None),
        (500, {"__type": "InternalServiceError"}),
        (503, b"<html>"),
        (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
        (200, b"half an ans"),
    ],
    ids=["hangs up", "500", "no JSON", "throttled", "broken"],
)
def test_what_passes_is_tried_once_more(service: Service, first: tuple[int, Any]) -> None:
    pauses: list[float] = []
    secrets = manager(service.endpoint, pauses.append)
    service.answers = [first, GOOD]
    assert secrets.current(ARN) == SecretVersion("1", "hidden-text")
    service.answers = [first, first]
    with pytest.raises(SecretsUnavailable) as raised:
        secrets.current(ARN)
    assert (raised.value.status, raised.value.temporary) == (503, True)
    assert len(service.calls) == 4
    assert pauses == [0.2, 0.2]


def test_a_label_that_moved_although_the_answer_was_lost_is_not_there(service: Service) -> None:
    service.answers = [(0, None), (400, {"__type": "InvalidParameterException"})]
    assert not manager(service.endpoint).move(ARN, CURRENT, to="2", from_="1")


@pytest.mark.parametrize(
    "kind", ["AccessDeniedException", "com.amazonaws#DecryptionFailure", "InvalidRequestException"]
)
def test_a_refusal_is_not_repeated_and_names_the_secret(service: Service, kind: str) -> None:
    service.answers = [(400, {"__type": kind, "message": "hidden-words"})] * 3
    secrets = manager(service.endpoint)
    calls = (
        lambda: secrets.current(ARN),
        lambda: secrets.text_of(ARN, "1"),
        lambda: secrets.move(ARN, CURRENT, to="2", from_="1"),
    )
    for call in calls:
        with pytest.raises(ConfigurationError, match=kind.rpartition("#")[2]) as raised:
            call()
        assert ARN in str(raised.value)
        assert "hidden" not in str(raised.value)
    assert len(service.calls) == 3


def test_a_secret_without_text_is_named(service: Service) -> None:
    service.answers = [(200, {"VersionId": "1", "SecretBinary": "aGlkZGVu"})]
    with pytest.raises(ConfigurationError, match="holds no text"):
        manager(service.endpoint).current(ARN)


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(SecretsUnavailable):
        manager(f"http://127.0.0.1:{free_port()}").current(ARN)


def test_no_secret_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "belfry")
    service.answers = [(500, {"__type": "InternalServiceError", "message": "hidden"})] * 2
    with pytest.raises(SecretsUnavailable):
        manager(service.endpoint).add(ARN, SecretVersion("1", "hidden-text"), NEXT)
    assert "PutSecretValue" in caplog.text
    assert "hidden" not in caplog.text


def test_a_call_is_signed_and_looks_as_the_sdk_would_send_it(service: Service) -> None:
    service.answers = [GOOD]
    manager(service.endpoint).current(ARN)
    [(path, body, headers)] = service.calls
    assert (path, json.loads(body)) == ("/", {"SecretId": ARN, "VersionStage": CURRENT})
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue"
    assert "/eu-central-1/secretsmanager/aws4_request" in headers["Authorization"]
    named = ("Host", "Content-Type", "X-Amz-Target", "X-Amz-Date", "X-Amz-Security-Token")
    again = AWSRequest(
        "POST", service.endpoint + path, data=body, headers={name: headers[name] for name in named}
    )
    again.context["timestamp"] = headers["X-Amz-Date"]
    signer = SigV4Auth(
        Credentials("AKID", "hidden-key", "hidden-session"), "secretsmanager", "eu-central-1"
    )
    canonical = signer.canonical_request(again)
    signature = signer.signature(signer.string_to_sign(again, canonical), again)
    assert headers["Authorization"].endswith(f"Signature={signature}")


def test_on_aws_it_is_called_where_amazon_is() -> None:
    own = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "http://a", "AWS_ENDPOINT_URL": "http://b"}
    for region in ("eu-central-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1"):
        sdk = boto3.client("secretsmanager", region_name=region)
        endpoint = Settings({**CREDENTIALS, "AWS_REGION": region}).secrets_endpoint
        assert endpoint == sdk.meta.endpoint_url
    assert Settings({**CREDENTIALS, **own}).secrets_endpoint == "http://a"
    del own["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
    assert Settings({**CREDENTIALS, **own}).secrets_endpoint == "http://b"


class Rotations:
    """Begins rotations as Secrets Manager does; the steps are left to the test."""

    def __init__(self, endpoint: str) -> None:
        # Without Docker moto's functions do nothing, but it wants to have one to call.
        config = json.dumps({"lambda": {"use_docker": False}}).encode()
        urllib3.request("POST", f"{endpoint}/moto-api/config", body=config)
        role = client(endpoint, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        empty = BytesIO()
        ZipFile(empty, "w").close()
        self._function: str = client(endpoint, "lambda").create_function(
            FunctionName="f",
            Runtime="python3.11",
            Role=role["Role"]["Arn"],
            Handler="h.h",
            Code={"ZipFile": empty.getvalue()},
        )["FunctionArn"]
        self._client = client(endpoint, "secretsmanager")

    def begin(self, secret: str) -> str:
        version = str(uuid4())
        self._client.rotate_secret(
            SecretId=secret, ClientRequestToken=version, RotationLambdaARN=self._function
        )
        return version

    def end(self, secret: str, version: str) -> None:
        """Secrets Manager goes by this label itself; moto refuses to begin again while it is on."""
        self._client.update_secret_version_stage(
            SecretId=secret, VersionStage=PENDING, RemoveFromVersionId=version
        )


def test_the_function_rotates_the_keys_that_the_parts_use(moto_endpoint: str) -> None:
    vault, rotations, pauses = MotoVault(moto_endpoint), Rotations(moto_endpoint), list[float]()
    private, public = vault.make(PLACEHOLDER), vault.make(PLACEHOLDER)
    environment = {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": moto_endpoint,
        "TOKEN_PRIVATE_KEY": private,
        "TOKEN_PUBLIC_KEY": public,
    }
    warm = Deps(environment=environment, pause=pauses.append)
    assert ensure_signing_key(warm.signing_keys)
    ada = User("ada", "Ada", "ada@example.com", Role.USER, NOON)
    tokens = [warm.token_issuer.issue(ada)[0]]
    for _ in range(2):
        version = rotations.begin(private)
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            event = {"Step": step, "SecretId": private, "ClientRequestToken": version}
            rotate_signing_key.handler.using(warm)(event, None)
        rotations.end(private, version)
        tokens.append(Deps(environment=environment).token_issuer.issue(ada)[0])
        assert warm.token_verifier.verify(tokens[0])[0].user_id == "ada"  # which it knows
    assert pauses == [NEW_KEYS_SECONDS] * 2
    fresh = Deps(environment=environment).token_verifier
    for token in tokens[1:]:
        assert fresh.verify(token)[0].user_id == "ada"
    with pytest.raises(InvalidToken):
        fresh.verify(tokens[0])
    assert warm.token_verifier.verify(tokens[2])[0].user_id == "ada"
