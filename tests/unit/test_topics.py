"""topics.*: people follow topics by themselves, each their own."""

from __future__ import annotations

import pytest

from belfry.function import Function
from belfry.topics import MOST_TOPICS
from functions.topics import list as list_
from functions.topics import subscribe, unsubscribe
from tests.fakes import Fakes
from tests.unit.events import ADA, BOB, Answer, call, http_event


def ask(
    fakes: Fakes, handler: Function[dict[str, object]], topic: str = "news", caller: str = ADA
) -> Answer:
    event = http_event("PUT", f"/api/topics/{topic}/subscription", caller=caller)
    event["pathParameters"] = {"topic": topic}
    return call(handler, event, fakes.deps())


def topics(fakes: Fakes, caller: str = ADA) -> list[str]:
    answer = ask(fakes, list_.handler, caller=caller)
    assert answer.status == 200
    followed: list[str] = answer.body["topics"]
    return followed


def test_a_person_follows_and_follows_no_more(fakes: Fakes) -> None:
    for topic in ("news", "a.b_c-1", "news"):
        assert ask(fakes, subscribe.handler, topic).status == 204
    assert (topics(fakes), topics(fakes, BOB)) == (["a.b_c-1", "news"], [])
    assert ask(fakes, unsubscribe.handler, caller=BOB).status == 204
    for _ in range(2):
        assert ask(fakes, unsubscribe.handler).status == 204
    assert topics(fakes) == ["a.b_c-1"]


@pytest.mark.parametrize("topic", ["", "News", "a b", "ä", "a/b", "a\n", "x" * 65])
def test_a_name_that_no_topic_can_have_is_refused(fakes: Fakes, topic: str) -> None:
    for handler in (subscribe.handler, unsubscribe.handler):
        answer = ask(fakes, handler, topic)
        assert (answer.status, answer.pointers()) == (400, ["topic"])
    assert topics(fakes) == []


def test_nobody_follows_more_topics_than_there_can_be(fakes: Fakes) -> None:
    for number in range(MOST_TOPICS):
        fakes.subscriptions.add(ADA, f"topic{number}")
    assert ask(fakes, subscribe.handler, "one-more").status == 400
    assert ask(fakes, subscribe.handler, "topic7").status == 204
    assert len(topics(fakes)) == MOST_TOPICS
