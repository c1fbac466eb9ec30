"""The @connections API: push to a connection, look at it, close it
(service apigatewaymanagementapi).
"""

import json
import logging

from gateway import assumptions
from gateway.access_log import Journal
from gateway.asgi import Receive, Scope, Send
from gateway.clock import iso_8601
from gateway.connections import BufferFull, CloseCode, Connection, Gone, Hub
from gateway.http_body import ClientGone, TooLarge, read_body
from gateway.identifiers import is_connection_id, new_request_id
from gateway.responses import HttpAnswer, send_answer
from gateway.signature import InvalidSignature, SignatureVerifier
from gateway.surroundings import Surroundings

log = logging.getLogger(__name__)

_PREFIX = "/@connections/"


class _Refused(Exception):
    """An error of the service model: its name, status and message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        self.status = status
        self.kind = kind
        self.message = message


class Management:
    """Serves /@connections/{id}, with or without the stage before it."""

    def __init__(
        self,
        stage: str,
        hub: Hub,
        verifier: SignatureVerifier | None,
        surroundings: Surroundings,
    ) -> None:
        self._journal = Journal("websocket", surroundings.access_log)
        self._prefixes = (f"/{stage}{_PREFIX}", _PREFIX)
        self._hub = hub
        self._limits = surroundings.limits
        self._verifier = verifier
        self._throttle = surroundings.throttle

    def matches(self, path: str) -> bool:
        """Whether a request with this path is one of this API."""
        return path.startswith(self._prefixes)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._journal.begin()
        try:
            body = await self._body(receive)
            answer = self._answer(scope, body)
        except ClientGone:
            return  # half a push is none
        except _Refused as refused:
            answer = service_error(refused.status, refused.kind, refused.message)
        request_id = new_request_id()
        extra = (b"x-amzn-requestid", request_id.encode("ascii"))
        await send_answer(send, answer, extra)
        key = f"{scope['method']} {_PREFIX}{{connectionId}}"
        self._journal.end(began, key, None, answer.status, request_id)

    async def _body(self, receive: Receive) -> bytes:
        limit = self._limits.message_bytes
        try:
            return await read_body("0", receive, limit)
        except TooLarge:
            message = f"More than {limit} bytes"
            raise _Refused(413, "PayloadTooLargeException", message) from None

    def _answer(self, scope: Scope, body: bytes) -> HttpAnswer:
        self._verify(scope, body)
        if not self._throttle.take():
            raise _Refused(429, "LimitExceededException", assumptions.TOO_MANY_REQUESTS)
        connection = self._connection(scope["path"])
        method = scope["method"]
        if method == "POST":
            return self._post(connection, body)
        if method == "GET":
            return _describe(connection)
        if method == "DELETE":
            self._hub.close(connection, CloseCode.DELETED)
            return HttpAnswer(204, [], b"")
        raise _Refused(404, "NotFoundException", "Not Found")

    def _verify(self, scope: Scope, body: bytes) -> None:
        if self._verifier is None:
            return
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        try:
            self._verifier.verify(scope["method"], target.decode("latin-1"), scope["headers"], body)
        except InvalidSignature as error:
            # Below warning, so that a stranger cannot fill the log.
            log.info("@connections: refused: %s", error)
            raise _Refused(403, "ForbiddenException", "Forbidden") from None

    def _connection(self, path: str) -> Connection:
        # The server has unquoted the path: once, as it must be, and not twice.
        connection_id = path.split(_PREFIX, 1)[1]
        if not is_connection_id(connection_id):
            message = f"Invalid connectionId: {connection_id[:64]}"
            raise _Refused(400, "BadRequestException", message)
        try:
            return self._hub.get(connection_id)
        except Gone:
            raise _Refused(410, "GoneException", "Gone") from None

    def _post(self, connection: Connection, body: bytes) -> HttpAnswer:
        try:
            self._hub.post(connection, body.decode("utf-8"))
        except UnicodeDecodeError:
            raise _Refused(400, "BadRequestException", "The data is not UTF-8 text") from None
        except Gone:
            raise _Refused(410, "GoneException", "Gone") from None
        except BufferFull:
            message = "Too many messages wait for the client to read"
            raise _Refused(429, "LimitExceededException", message) from None
        return HttpAnswer(200, [], b"")


def service_error(status: int, kind: str, message: str) -> HttpAnswer:
    """An error as AWS's clients read it: `kind` is its name in the service model."""
    headers = [
        (b"content-type", b"application/json"),
        (b"x-amzn-errortype", kind.encode("ascii")),
    ]
    return HttpAnswer(status, headers, json.dumps({"message": message}).encode())


def _describe(connection: Connection) -> HttpAnswer:
    peer = connection.peer
    body = {
        "connectedAt": iso_8601(peer.connected_at),
        "lastActiveAt": iso_8601(connection.last_active),
        "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
    }
    return HttpAnswer(200, [(b"content-type", b"application/json")], json.dumps(body).encode())
