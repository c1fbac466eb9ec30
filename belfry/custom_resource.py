"""The edge of a CloudFormation custom resource: a stack waits for what its work answers.

The answer is put to the pre-signed address of the event; without one CloudFormation would wait for
an hour, or for the `ServiceTimeout` of the resource. So there is one in any case: when the work is
done, when it fails, and shortly before Lambda would end it.

Shape: AWS CloudFormation user guide, "Custom resource request objects" and "… response objects".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock, Timer
from urllib.parse import urlsplit

from belfry.errors import BelfryError, ConfigurationError, Unavailable
from belfry.function import Event, SecondsLeft, TimedFunction
from belfry.wiring import Deps

log = logging.getLogger(__name__)

Work = Callable[[Deps], None]

ANSWER_WITHIN = 25.0
"""Seconds that are kept for the answer, and its retries, at the end of the function's time."""

PUT_TIMEOUT_SECONDS = 5.0
PAUSES_SECONDS = (1.0, 2.0)
"""Before the second try to answer, and before the third."""

LONGEST_REASON = 500
"""Characters. CloudFormation takes 4096 bytes in all, and JSON needs up to six for one of them."""


class NotAnswered(Exception):
    """CloudFormation cannot be reached. It will take the silence for a failure, in time."""


def custom_resource(work: Work) -> TimedFunction[None]:
    """Make work that can be done again into the function of a custom resource.

    It is done when the resource is created or updated; deleting does nothing. An error becomes the
    reason of a failed operation, and then CloudFormation rolls the stack back.
    """

    def run(event: Event, parts: Deps, seconds_left: SecondsLeft) -> None:
        if "ResponseURL" not in event:
            raise ValueError("ResponseURL is missing: only CloudFormation calls this function")
        answer = _Answer(event, parts.pause)
        if event["RequestType"] == "Delete":
            answer.send("SUCCESS")
            return
        in_time = Timer(max(seconds_left() - ANSWER_WITHIN, 0), answer.out_of_time)
        in_time.daemon = True
        in_time.start()
        try:
            work(parts)
        except (BelfryError, ConfigurationError) as error:
            log.error("%s", reason := _reason(error))
            answer.send("FAILED", reason)
        except Exception as error:
            log.exception("the custom resource failed")
            # Only our own errors are known to hold no secret.
            where = _log_of(event)
            answer.send("FAILED", f"{type(error).__name__}: the traceback is in {where}.")
        else:
            answer.send("SUCCESS")
        finally:
            in_time.cancel()

    run.__doc__ = work.__doc__
    return TimedFunction(run)


def _reason(error: Exception) -> str:
    """What people read in the stack's events."""
    cause = str(error.__cause__ or "")
    return f"{error} ({cause})" if cause and isinstance(error, Unavailable) else str(error)


def _log_of(event: Event) -> str:
    function = str(event["ServiceToken"]).rpartition(":")[2]
    return f"the log group /aws/lambda/{function}"


class _Answer:
    """What CloudFormation is told: once, whoever comes first and reaches it."""

    def __init__(self, event: Event, pause: Callable[[float], None]) -> None:
        self._event = event
        self._pause = pause
        self._lock = Lock()
        self._is_sent = False

    def send(self, status: str, reason: str = "") -> None:
        """Answer, unless that has been done. Raises NotAnswered."""
        # Held while it is sent: who comes second must not return, or Lambda would freeze the first.
        with self._lock:
            if self._is_sent:
                log.warning("too late to answer %s %s", status, reason)
                return
            _put(self._event["ResponseURL"], self._body(status, reason), self._pause)
            self._is_sent = True

    def out_of_time(self) -> None:
        """Answer for work that is not done; Lambda will end it soon."""
        try:
            where = _log_of(self._event)
            self.send("FAILED", f"It takes longer than its function may. How far it is: {where}.")
        except NotAnswered as error:
            log.error("%s", error)

    def _body(self, status: str, reason: str) -> bytes:
        names = ("StackId", "RequestId", "LogicalResourceId")
        answer = {
            "Status": status,
            "Reason": reason[:LONGEST_REASON],
            # One that changes would tell CloudFormation to delete what the old one names.
            "PhysicalResourceId": self._event.get("PhysicalResourceId")
            or self._event["LogicalResourceId"],
            **{name: self._event[name] for name in names},
        }
        return json.dumps(answer, ensure_ascii=False).encode(errors="replace")


def _put(url: str, body: bytes, pause: Callable[[float], None]) -> None:
    """Hand the answer over, with retries. The address is a permission: it appears nowhere."""
    failure = ""
    for seconds in (*PAUSES_SECONDS, None):
        try:
            status = _put_once(url, body)
        except (OSError, HTTPException) as error:
            failure = f"{type(error).__name__}: {error}"
        else:
            if status < 300:
                return
            failure = f"status {status}"
            if status < 500:
                break
        if seconds is not None:
            pause(seconds)
    raise NotAnswered(f"CloudFormation could not be answered: {failure}")


def _put_once(url: str, body: bytes) -> int:
    address = urlsplit(url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = kind(address.netloc, timeout=PUT_TIMEOUT_SECONDS)
    try:
        # Without a Content-Type: it would be part of the signature, and is not.
        connection.request("PUT", f"{address.path}?{address.query}", body)
        return connection.getresponse().status
    finally:
        connection.close()
