"""Called by CloudFormation before a new version runs: queues, keys, data, first administrator."""

from functools import partial

from belfry.custom_resource import custom_resource
from belfry.installation import administrator_of_the_deployment, when_available
from belfry.signing_keys import ensure_signing_key
from belfry.wiring import Deps


@custom_resource
def handler(deps: Deps) -> None:
    # What was migrated stays migrated when the stack is rolled back: what may fail comes first.
    patiently = partial(when_available, monotonic=deps.monotonic, pause=deps.pause)
    patiently(deps.declare_topology)
    patiently(lambda: ensure_signing_key(deps.signing_keys))
    email, password = deps.settings.administrator
    patiently(deps.migrate)
    users, passwords = deps.users, deps.passwords
    patiently(
        lambda: administrator_of_the_deployment(
            email, password, users=users, passwords=passwords, clock=deps.clock
        )
    )
