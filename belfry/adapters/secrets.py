"""Reads and writes secrets of AWS Secrets Manager: JSON 1.1 over HTTPS, signed by botocore.

A call is what AWS's SDKs send, without their clients, which take longer to import than the call
does (docs/architecture.md has the figures). No secret is in any error or log line of this module.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from belfry.errors import ConfigurationError, SecretsUnavailable
from belfry.settings import Settings
from belfry.signing_keys import CURRENT, SecretVersion

log = logging.getLogger(__name__)

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0
PAUSES_SECONDS = (0.2,)
"""Before the second try, which is the last: functions have ten seconds for all that they do."""

_THROTTLED = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"}


class _Refused(Exception):
    """The service's answer to a call that is of no use to repeat; `kind` is its `__type`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class SecretsManager:
    """Fits the port `belfry.signing_keys.Secrets`."""

    def __init__(self, settings: Settings, pause: Callable[[float], None] = time.sleep) -> None:
        self._signer = SigV4Auth(settings.aws_credentials, "secretsmanager", settings.aws_region)
        self._endpoint = urlsplit(settings.secrets_endpoint)
        self._pause = pause

    def current(self, secret: str) -> SecretVersion:
        answer = self._asked("GetSecretValue", secret, VersionStage=CURRENT) or {}
        return SecretVersion(answer["VersionId"], _string(secret, answer))

    def text_of(self, secret: str, version: str) -> str | None:
        missing = "ResourceNotFoundException"
        answer = self._asked("GetSecretValue", secret, missing, VersionId=version)
        return None if answer is None else _string(secret, answer)

    def labels(self, secret: str) -> Mapping[str, Collection[str]]:
        answer = self._asked("DescribeSecret", secret) or {}
        labels: Mapping[str, Collection[str]] = answer.get("VersionIdsToStages", {})
        return labels

    def add(self, secret: str, new: SecretVersion, label: str) -> bool:
        version = {"ClientRequestToken": new.id, "SecretString": new.text, "VersionStages": [label]}
        return (
            self._asked("PutSecretValue", secret, "ResourceExistsException", **version) is not None
        )

    def move(self, secret: str, label: str, *, to: str, from_: str) -> bool:
        change = {"VersionStage": label, "MoveToVersionId": to, "RemoveFromVersionId": from_}
        missed = "InvalidParameterException"
        return self._asked("UpdateSecretVersionStage", secret, missed, **change) is not None

    def _asked(
        self, operation: str, secret: str, expected: str = "", **parameters: Any
    ) -> dict[str, Any] | None:
        """The answer, or None for a refusal of the kind that is expected."""
        try:
            return self._call(operation, secret, **parameters)
        except _Refused as refused:
            if refused.kind == expected:
                return None
            raise ConfigurationError(
                f"the secret {secret} cannot be used: {refused.kind}"
            ) from None

    def _call(self, operation: str, secret: str, **parameters: Any) -> dict[str, Any]:
        """Raises _Refused or SecretsUnavailable.

        It is repeated also when only the answer was lost. The same version is then kept once (API
        reference, PutSecretValue), and a label that has moved is not there to move again.
        """
        body = json.dumps({"SecretId": secret, **parameters}).encode()
        reason = ""
        for seconds in (*PAUSES_SECONDS, None):
            try:
                status, answer = self._post(operation, body)
            except (OSError, HTTPException, ValueError) as error:
                reason = type(error).__name__
            else:
                if status == HTTPStatus.OK:
                    return answer
                kind = str(answer.get("__type", "")).rpartition("#")[2]
                reason = kind or f"status {status}"
                if status < HTTPStatus.INTERNAL_SERVER_ERROR and kind not in _THROTTLED:
                    raise _Refused(reason)
            if seconds is not None:
                self._pause(seconds)
        log.warning("%s of %s failed: %s", operation, secret, reason)
        raise SecretsUnavailable("Secrets Manager does not answer. Try again.")

    def _post(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer. Raises OSError, HTTPException or ValueError."""
        secure = self._endpoint.scheme == "https"
        kind = HTTPSConnection if secure else HTTPConnection
        http = kind(self._endpoint.netloc, timeout=CONNECT_SECONDS)
        try:
            http.connect()
            http.sock.settimeout(ANSWER_SECONDS)
            path = self._endpoint.path or "/"
            http.request("POST", path, body=body, headers=self._signed(operation, path, body))
            response = http.getresponse()
            content = response.read()
        finally:
            http.close()
        answer = json.loads(content) if content else {}
        return response.status, answer if isinstance(answer, dict) else {}

    def _signed(self, operation: str, path: str, body: bytes) -> Mapping[str, str]:
        url = f"{self._endpoint.scheme}://{self._endpoint.netloc}{path}"
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"secretsmanager.{operation}",
        }
        request = AWSRequest("POST", url, data=body, headers=headers)
        self._signer.add_auth(request)
        return dict(request.headers.items())


def _string(secret: str, answer: Mapping[str, Any]) -> str:
    text = answer.get("SecretString")
    if not isinstance(text, str):
        raise ConfigurationError(f"the secret {secret} holds no text")
    return text
