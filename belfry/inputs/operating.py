"""What operators may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
)

from belfry.inputs.form import Cursor, Input, Query, Text
from belfry.model import DeadLetterFilter, DeadReason


def _reason(text: str) -> str:
    if text not in set(DeadReason):
        raise ValueError(f"must be one of {', '.join(DeadReason)}")
    return text


class Redrive(Input):
    """POST /api/dead-letters/redrive: which ones."""

    reason: Annotated[str, Field(max_length=64), AfterValidator(_reason)] | None = None
    user_id: Annotated[str, Field(min_length=1, max_length=64), Text] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def filter(self) -> DeadLetterFilter:
        reason = None if self.reason is None else DeadReason(self.reason)
        return DeadLetterFilter(reason, self.user_id, self.since, self.until)


class DeadLettersQuery(Redrive):
    """GET /api/dead-letters."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, Field(max_length=64), Cursor] | None = None


class StatisticsQuery(Query):
    """GET /api/statistics."""

    minutes: Annotated[int, Field(ge=1, le=60)] = 15
