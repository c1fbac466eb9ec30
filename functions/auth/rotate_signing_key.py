"""Called by AWS Secrets Manager, in four steps: replaces the key that signs tokens."""

from belfry.function import Event, Function
from belfry.rotation import step_of
from belfry.signing_keys import rotate
from belfry.wiring import Deps


@Function
def handler(event: Event, deps: Deps) -> None:
    step, secret, version = step_of(event)
    rotate(deps.signing_keys, step, secret, version, pause=deps.pause)
