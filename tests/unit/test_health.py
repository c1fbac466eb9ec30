"""system.health."""

import pytest

from functions.system import health
from tests.fakes import Fakes
from tests.unit.events import call, http_event


@pytest.mark.parametrize("store", ["ok", "unavailable"])
@pytest.mark.parametrize("queue", ["ok", "unavailable"])
def test_each_part_is_told_and_one_that_is_down_makes_it_503(
    fakes: Fakes, store: str, queue: str
) -> None:
    fakes.memory.down = store == "unavailable"
    fakes.queue.down = queue == "unavailable"
    answer = call(health.handler, http_event(path="/api/health", caller=None), fakes.deps())
    works = store == queue == "ok"
    assert answer.status == (200 if works else 503)
    assert ("retry-after" in answer.headers) is not works
    assert answer.body == {
        "status": "ok" if works else "unavailable",
        "parts": {"mongodb": store, "queue": queue},
    }
