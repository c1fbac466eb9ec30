"""`--fault` rules are read, or refused in words that help."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spec import parse_spec
from local_runner.faults import FAULTS, FaultError, Faults, parse
from local_runner.faulty import Rule

SPEC = parse_spec(
    """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /orders: { post: { operationId: orders.create } }
"""
)
COUNTED = sorted(name for name, (form, _) in FAULTS.items() if form.startswith("N"))
TIMED = sorted(set(FAULTS) - set(COUNTED))
FUNCTION = st.from_regex(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", fullmatch=True)


@given(name=st.sampled_from(COUNTED), every=st.integers(1, 10**9 - 1), function=FUNCTION)
def test_a_counted_rule(name: str, every: int, function: str) -> None:
    text = f"{name}:{every}"
    assert parse(text) == Rule(text, name, every=every)

    text += f":{function}"
    if "FUNCTION" in FAULTS[name][0]:
        assert parse(text) == Rule(text, name, every=every, function=function)
    else:
        with pytest.raises(FaultError):
            parse(text)


@given(name=st.sampled_from(TIMED), milliseconds=st.integers(0, 86_400_000))
def test_a_timed_rule(name: str, milliseconds: int) -> None:
    seconds = milliseconds / 1000
    for given_time in (f"{milliseconds}ms", f"{seconds:.3f}s"):
        assert parse(f"{name}:{given_time}").seconds == seconds


@given(text=st.text() | st.from_regex(r"[a-z-]+(:[0-9a-z.]*){0,3}"))
def test_any_text_is_a_rule_or_is_named_in_the_error(text: str) -> None:
    try:
        rule = parse(text)
    except FaultError as error:
        message = str(error)
        assert message.startswith(f"--fault {text}: ")
        assert all(f"\n  {name}:{form} " in message for name, (form, _) in FAULTS.items())
    else:
        assert rule.text == text
        assert rule.name in FAULTS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("?", "there is no fault '?'"),
        ("disconect-late:30s", "there is no fault 'disconect-late'"),
        ("push-gone", "the form is push-gone:N"),
        ("push-gone:0", "'0' is no number from 1 on"),
        ("push-gone:-1", "'-1' is no number from 1 on"),
        ("push-gone:2s", "'2s' is no number from 1 on"),
        ("push-gone:2:orders.create", "the form is push-gone:N"),
        ("fail:2:orders.create:x", "the form is fail:N[:FUNCTION]"),
        ("slow:30", "'30' is no time"),
        ("slow:-1s", "'-1s' is no time"),
        ("slow:2d", "'2d' is no time"),
        ("slow:86401s", "86401s is longer than a day"),
    ],
)
def test_what_is_wrong_is_said(text: str, complaint: str) -> None:
    with pytest.raises(FaultError) as raised:
        parse(text)

    assert str(raised.value).startswith(f"--fault {text}: {complaint}.")


def test_a_function_that_the_spec_does_not_name_is_refused() -> None:
    with pytest.raises(FaultError, match=r"no function 'order.create', the nearest is 'orders\."):
        Faults.parse(["fail:1:order.create"], SPEC)
    Faults.parse(["fail:1:orders.create"], SPEC)
