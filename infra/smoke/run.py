"""Runs the steps of the smoke test, each within its time, and leaves no trace."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from dataclasses import dataclass

from belfry.client import ClientError
from belfry.client.in_thread import begin
from infra.smoke.step import Failed, Limits, Step
from infra.smoke.trial import Trial

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """A step: `look_at` is where its failure is told, `frames` how many frames it waits for."""

    name: str
    act: Callable[[Trial], str]
    look_at: str
    frames: int = 0


CHECKS = (
    Check("every part answers", Trial.health, "that part, and the log of system.health"),
    Check("a made-up token is refused", Trial.stranger, "the log of auth.authorize"),
    Check(
        "the administrator logs in",
        Trial.administrator,
        "the address and the password that were given, and the log of auth.login",
    ),
    Check("a person registers", Trial.register, "the log of auth.register"),
    Check("the person logs in", Trial.log_in, "the logs of auth.login, auth.authorize and auth.me"),
    Check(
        "a socket opens with a ticket",
        Trial.connect,
        "the address, and the logs of auth.authorize_websocket, realtime.connections and .sync",
        frames=1,
    ),
    Check("a notification is sent", Trial.send, "the log of notifications.create"),
    Check(
        "it arrives on the socket",
        Trial.arrival,
        "the queues, and the log of dispatch.deliver",
        frames=1,
    ),
    Check("it is in the inbox", Trial.inbox, "the logs of notifications.get and inbox.counts"),
    Check("reading it is seen there", Trial.read, "the log of inbox.change", frames=1),
    Check("a poll brings what was missed", Trial.poll, "the log of inbox.events", frames=1),
    Check("so does a new socket", Trial.reconnect, "the log of realtime.sync", frames=1),
    Check(
        "taking it back is seen there",
        Trial.withdraw,
        "the log of notifications.withdraw",
        frames=1,
    ),
)
LEAVE = Check("the person leaves", Trial.leave, "the log of auth.leave")


def smoke(
    url: str, websocket_url: str | None, email: str, password: str, limits: Limits | None = None
) -> Generator[Step, None, None]:
    """Try a Belfry from outside: each step as soon as it was taken, up to the first that fails.

    What comes last is that the person leaves, also after a failure or Ctrl-C (which is a failed
    step, too). `websocket_url` is `/ws` at the same host when it is None; `email` and `password`
    are an administrator's. Raises ValueError for an address that is none.
    """
    limits = limits or Limits()
    return _Run(Trial(url, websocket_url, email, password, limits), limits).steps()


class _Run:
    def __init__(self, trial: Trial, limits: Limits) -> None:
        self._trial = trial
        self._limits = limits
        self._last: Future[str] | None = None

    def steps(self) -> Generator[Step, None, None]:
        until = time.monotonic() + self._limits.total
        try:
            for check in CHECKS:
                step = self._try(check, until - time.monotonic())
                yield step
                if not step.ok:
                    break
            if self._trial.is_there:
                yield self._leave()
        finally:
            if self._trial.is_there:  # whoever asked for the steps has lost interest
                step = self._leave()
                if not step.ok:
                    log.warning("%s: %s. Look at %s.", step.name, step.seen, step.look_at)
            self._trial.close()

    def _leave(self) -> Step:
        # A registration that was given up may still be on its way.
        wait([self._last] if self._last else (), self._limits.call)
        return self._try(LEAVE, self._limits.call)

    def _try(self, check: Check, left: float) -> Step:
        seconds = min(left, self._limits.call + check.frames * self._limits.frame)
        began = time.monotonic()
        try:
            seen, ok = self._in_time(check, seconds), True
        except (ClientError, Failed) as error:
            seen, ok = str(error), False
        except TimeoutError:
            late = f"it took more than {seconds:.3g} s"
            seen, ok = late if seconds > 0 else "there was no time left for it", False
        except KeyboardInterrupt:
            seen, ok = "it was interrupted", False
        took = time.monotonic() - began
        return Step(check.name, ok, took, seen, "" if ok else self._look_at(check))

    def _in_time(self, check: Check, seconds: float) -> str:
        """Raises TimeoutError; a step that has begun then goes on, and nobody waits for it."""
        if seconds <= 0:
            raise TimeoutError
        self._last = begin(lambda: check.act(self._trial))
        return self._last.result(seconds)

    def _look_at(self, check: Check) -> str:
        left = f"; the account {self._trial.address} is still there" if check is LEAVE else ""
        return check.look_at + left
