"""What openapi.yaml says that costs: memory, batches, schedules, how long an authorizer counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.spec import Spec

DISPATCHER = "dispatch.deliver"
SHORTEST = 60.0
"""EventBridge invokes once a minute at most; what shall happen more often repeats itself in it."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Of one openapi.yaml. `schedules` are the seconds between two invocations, by function."""

    memory: Mapping[str, int]
    default_memory: int
    shards: int
    batch: int
    authorizer_ttl: int
    schedules: Mapping[str, float]

    @classmethod
    def of(cls, spec: Spec) -> Wiring:
        queues = [queue for queue in spec.queues.values() if queue.function == DISPATCHER]
        ttls = [o.authorizer.result_ttl_seconds for o in spec.operations if o.authorizer]
        schedules = {**spec.schedules, **spec.deployment.schedules}
        return cls(
            memory={name: each.memory_megabytes for name, each in spec.functions.items()},
            default_memory=spec.default_settings.memory_megabytes,
            shards=len(queues),
            batch=min((queue.batch_size for queue in queues), default=1),
            authorizer_ttl=min(ttls, default=0),
            schedules={name: each.every_seconds for name, each in schedules.items()},
        )

    def megabytes(self, function: str) -> int:
        return self.memory.get(function, self.default_memory)
