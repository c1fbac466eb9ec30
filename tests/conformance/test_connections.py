"""@connections: what boto3 gets from it, and what is on the wire."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.sync.client import ClientConnection

from tests.conformance.raw_http import Answer, send
from tests.conformance.sockets import Witness, closed, connection_id
from tests.conformance.stack import WAIT, Stack

GONE = "BFHPhfCWIAMCKlQ="
MESSAGE = 128 * 1024
ONCE = Config(retries={"total_max_attempts": 1})
"""boto3 repeats what was answered with 429, unless it is told not to."""
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def socket(full: Stack) -> Iterator[ClientConnection]:
    with full.socket({}) as socket:
        yield socket


def signed(full: Stack, method: str, path: str, body: bytes = b"") -> Answer:
    """A call as any SDK makes it, with the path exactly as given."""
    client = full.connections()
    url = client.meta.endpoint_url.removesuffix("/prod") + path
    request = AWSRequest(method, url, data=body)
    found: Credentials = client._request_signer._credentials
    SigV4Auth(found, "execute-api", client.meta.region_name).add_auth(request)
    headers = [*request.headers.items(), ("content-length", str(len(body)))]
    return send(url.removesuffix(path), method, path, headers, body)


def again_and_again(call: Callable[[], Any]) -> None:
    """Until it raises."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        call()


def quoted(text: str) -> str:
    return text.replace("=", "%3D")


@pytest.mark.line("CONN-1a")
def test_post_pushes_a_text(full: Stack, socket: ClientConnection) -> None:
    own = connection_id(socket)
    answer = full.connections().post_to_connection(ConnectionId=own, Data="λ".encode())
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert socket.recv(timeout=WAIT) == "λ"


@pytest.mark.line("CONN-1b")
def test_the_largest_message_passes(full: Stack, socket: ClientConnection) -> None:
    own, text = connection_id(socket), "x" * MESSAGE
    full.connections().post_to_connection(ConnectionId=own, Data=text.encode())
    assert socket.recv(timeout=WAIT) == text


@pytest.mark.line("CONN-1b", "CONN-4d")
def test_a_larger_one_is_refused(full: Stack, socket: ClientConnection) -> None:
    own, client = connection_id(socket), full.connections()
    with pytest.raises(client.exceptions.PayloadTooLargeException) as refused:
        client.post_to_connection(ConnectionId=own, Data=b"x" * (MESSAGE + 1))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert connection_id(socket) == own


@pytest.mark.line("CONN-2")
def test_get_describes_a_connection(full: Stack) -> None:
    before = time.time()
    with full.socket({}, user_agent_header="client/1.0") as socket:
        own, client = connection_id(socket), full.connections()
        answer = client.get_connection(ConnectionId=own)
        wire = json.loads(signed(full, "GET", f"/prod/@connections/{quoted(own)}").body)
    assert answer["Identity"]["UserAgent"] == "client/1.0"
    assert answer["Identity"]["SourceIp"]
    assert before - 60 < answer["ConnectedAt"].timestamp() <= answer["LastActiveAt"].timestamp()
    assert set(wire) == {"connectedAt", "lastActiveAt", "identity"}
    assert set(wire["identity"]) == {"sourceIp", "userAgent"}
    assert all(ISO_8601.fullmatch(wire[name]) for name in ("connectedAt", "lastActiveAt"))


@pytest.mark.line("CONN-3")
def test_delete_closes_a_connection(full: Stack, socket: ClientConnection) -> None:
    own, client = connection_id(socket), full.connections()
    answer = client.delete_connection(ConnectionId=own)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    closed(socket)
    with pytest.raises(client.exceptions.GoneException):
        client.get_connection(ConnectionId=own)


@pytest.mark.line("CONN-4a")
def test_a_client_that_leaves_while_its_message_is_handled_is_gone_at_once(full: Stack) -> None:
    client = full.connections()
    with full.socket({}) as socket:
        own = connection_id(socket)
        socket.send(json.dumps({"action": "act", "do": "sleep", "seconds": 5}))
        sent = time.monotonic()
    with pytest.raises(client.exceptions.GoneException):
        again_and_again(partial(client.post_to_connection, ConnectionId=own, Data=b"there?"))
    assert time.monotonic() - sent < 4


@pytest.mark.line("CONN-4a")
@pytest.mark.parametrize("method", ["post_to_connection", "get_connection", "delete_connection"])
def test_a_connection_that_is_no_more_is_gone(full: Stack, method: str) -> None:
    client = full.connections()
    with full.socket({}) as socket:
        own = connection_id(socket)
    more = {"Data": b"late"} if method == "post_to_connection" else {}
    # The client is away before the gateway has heard of it.
    with pytest.raises(client.exceptions.GoneException) as gone:
        again_and_again(lambda: getattr(client, method)(ConnectionId=own, **more))
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    with pytest.raises(client.exceptions.GoneException):
        getattr(client, method)(ConnectionId=GONE, **more)


@pytest.mark.line("CONN-4b")
def test_a_client_that_does_not_read_exceeds_a_limit(full: Stack) -> None:
    # With more attempts it may find that the connection is closed by then.
    client, data = full.connections(config=ONCE), b"x" * MESSAGE
    with full.socket({}, max_queue=1, close_timeout=0.1) as socket:
        own = connection_id(socket)
        with pytest.raises(client.exceptions.LimitExceededException) as refused:
            again_and_again(lambda: client.post_to_connection(ConnectionId=own, Data=data))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


@pytest.mark.line("CONN-4b")
def test_more_calls_than_the_rate_allows_exceed_a_limit(throttled: Stack) -> None:
    client = throttled.connections(config=ONCE)

    def push_to_nobody() -> None:
        with contextlib.suppress(client.exceptions.GoneException):
            client.post_to_connection(ConnectionId=GONE, Data=b"x")

    with pytest.raises(client.exceptions.LimitExceededException):
        again_and_again(push_to_nobody)


@pytest.mark.line("CONN-4c")
@pytest.mark.parametrize("key", ["wrong", None])
def test_who_signs_wrongly_is_forbidden(
    full: Stack, socket: ClientConnection, key: str | None
) -> None:
    found = full.connections()._request_signer._credentials
    wrong = {"aws_access_key_id": key or found.access_key, "aws_secret_access_key": "wrong"}
    client = full.connections(**wrong, aws_session_token=None)
    with pytest.raises(client.exceptions.ForbiddenException) as refused:
        client.post_to_connection(ConnectionId=connection_id(socket), Data=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.line("CONN-4c")
def test_who_does_not_sign_is_forbidden(full: Stack, socket: ClientConnection) -> None:
    url = full.connections().meta.endpoint_url
    answer = send(url, "GET", f"/@connections/{quoted(connection_id(socket))}")
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("ForbiddenException")


@pytest.mark.line("CONN-4e")
def test_a_malformed_id_is_a_bad_request(full: Stack) -> None:
    client = full.connections()
    with pytest.raises(ClientError) as refused:
        client.get_connection(ConnectionId="no id")
    assert refused.value.response["Error"]["Code"] == "BadRequestException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.line("CONN-5")
def test_errors_carry_their_type_in_a_header_and_a_message(full: Stack) -> None:
    answer = signed(full, "POST", f"/prod/@connections/{quoted(GONE)}", b"late")
    assert answer.status == 410
    assert answer.headers["x-amzn-errortype"] == "GoneException"
    assert list(json.loads(answer.body)) == ["message"]


@pytest.mark.line("CONN-6a")
def test_ids_are_unquoted_once(full: Stack, socket: ClientConnection) -> None:
    own = connection_id(socket)
    assert signed(full, "GET", f"/prod/@connections/{quoted(own)}").status == 200
    twice = quoted(quoted(own).replace("%", "%25"))
    assert signed(full, "GET", f"/prod/@connections/{twice}").status == 400


@pytest.mark.line("CONN-6b")
def test_the_stage_may_stand_before_the_path(full: Stack, socket: ClientConnection) -> None:
    own = quoted(connection_id(socket))
    assert signed(full, "GET", f"/prod/@connections/{own}").status == 200


@pytest.mark.line("CONN-7")
def test_a_connection_is_gone_until_connect_has_returned(full: Stack, witness: Witness) -> None:
    order = {"witness": witness.id}
    with full.socket(order, query={"connect": {"do": "push"}}) as socket:
        own = witness.told("authorizer")["requestContext"]["connectionId"]
        assert witness.told("connect")["requestContext"]["connectionId"] == own
        assert witness.told("pushed") == "GoneException"
        full.connections().post_to_connection(ConnectionId=own, Data=b"in time")
        assert socket.recv(timeout=WAIT) == "in time"
