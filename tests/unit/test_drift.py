"""openapi.yaml, the functions, the models and the documents say the same, or a test fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate as validate_spec
from pydantic import BaseModel

from belfry import errors, wire
from belfry.broadcast import Audience, AudienceKind, Broadcast, BroadcastState
from belfry.changes import Content
from belfry.errors import BelfryError
from belfry.function import Function
from belfry.history import QueuedBy
from belfry.http import PROBLEM_TYPE
from belfry.idempotency import HEADER, MAX_KEY
from belfry.inputs.accounts import Credentials, OnlineQuery, Registration, UsersQuery
from belfry.inputs.inbox import (
    AckFrame,
    CountsQuery,
    EventsQuery,
    Filter,
    InboxChange,
    InboxQuery,
    Mark,
    ReadFrame,
    SyncFrame,
)
from belfry.inputs.operating import DeadLettersQuery, Redrive, StatisticsQuery
from belfry.inputs.sending import (
    BroadcastsQuery,
    NamedPeople,
    NewBroadcast,
    NewContent,
    NewNotification,
    ScheduledQuery,
)
from belfry.model import (
    Connection,
    DeadLetter,
    DeadReason,
    DeliveryState,
    EventKind,
    Notification,
    OnlineTotals,
    Role,
    User,
    new_id,
)
from belfry.statistics import Bucket
from belfry.topology import DEAD_LETTERS, FAN_OUT, delivery_queues
from belfry.websocket import ACTIONS
from belfry.wire import FrameType
from gateway.connections import CloseCode
from gateway.spec import load_spec
from gateway.spec_form import Deployment
from local_runner.command.main import app
from local_runner.execution import function_files
from local_runner.execution.function_files import LoadError
from local_runner.execution.thread_invoker import ThreadInvoker
from tests.declared import ROOT, SPEC, operations, resolved, validate

PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
SCHEMAS = SPEC["components"]["schemas"]


def test_openapi_yaml_is_valid_openapi() -> None:
    assert SPEC["openapi"] == "3.0.3"
    validate_spec(SPEC)


def test_every_declared_function_exists_and_no_other() -> None:
    spec = load_spec(ROOT / "openapi.yaml")
    function_files.check(ROOT, spec.addresses())
    ThreadInvoker(spec.settings).load_all(spec.addresses())


def test_an_undeclared_and_a_missing_function_are_noticed() -> None:
    spec = load_spec(ROOT / "openapi.yaml")
    addresses = [*spec.addresses(), "nowhere.nothing"]
    addresses.remove("auth.me")
    with pytest.raises(LoadError, match=r"(?s)nowhere/nothing\.py.*auth/me\.py"):
        function_files.check(ROOT, addresses)


def test_every_handler_is_a_function_of_ours_and_short() -> None:
    spec = load_spec(ROOT / "openapi.yaml")
    for address in spec.addresses():
        file = ROOT / "functions" / f"{address.replace('.', '/')}.py"
        assert len(file.read_text().splitlines()) < 45, file
        module = import_module(f"functions.{address}")
        assert isinstance(module.handler, Function)


def test_what_only_a_deployment_calls_is_called_by_nothing_else() -> None:
    spec = load_spec(ROOT / "openapi.yaml")
    alone = replace(spec, deployment=Deployment())
    assert spec.deployment.addresses()
    assert set(alone.addresses()) == set(spec.addresses()) - spec.deployment.addresses()


def test_the_queues_are_the_shards() -> None:
    assert tuple(SPEC["x-queues"]) == (*delivery_queues(), FAN_OUT, DEAD_LETTERS)


BODIES: dict[str, type[BaseModel]] = {
    "Registration": Registration,
    "Credentials": Credentials,
    "NewContent": NewContent,
    "NewNotification": NewNotification,
    "NewBroadcast": NewBroadcast,
    "NamedPeople": NamedPeople,
    "Mark": Mark,
    "Filter": Filter,
    "InboxChange": InboxChange,
    "Redrive": Redrive,
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_declared_as_its_model_is(name: str) -> None:
    declared, model = SCHEMAS[name], BODIES[name].model_json_schema()
    assert set(declared.get("required", [])) == set(model.get("required", []))
    assert declared["additionalProperties"] is model["additionalProperties"]
    assert _rules(declared["properties"]) == _rules(model["properties"])


QUERIES: dict[str, type[BaseModel]] = {
    "/api/notifications": InboxQuery,
    "/api/inbox/counts": CountsQuery,
    "/api/inbox/events": EventsQuery,
    "/api/scheduled": ScheduledQuery,
    "/api/broadcasts": BroadcastsQuery,
    "/api/dead-letters": DeadLettersQuery,
    "/api/users": UsersQuery,
    "/api/online": OnlineQuery,
    "/api/statistics": StatisticsQuery,
}


@pytest.mark.parametrize("path", QUERIES)
def test_a_query_is_declared_as_its_model_is(path: str) -> None:
    parameters = operations()[path, "get"]["parameters"]
    declared = {each["name"]: each["schema"] for each in parameters}
    model = QUERIES[path].model_json_schema()["properties"]
    assert _rules(declared) == _rules(model)


def _rules(properties: dict[str, Any]) -> dict[str, Any]:
    """What both write about fields, in one form: type, lengths, bounds, default."""
    names = ("type", "minLength", "maxLength", "minimum", "maximum", "default")
    rules = {}
    for field, schema in properties.items():
        # pydantic writes "or null" for what may be left out; the API's way is to leave it out.
        [known] = [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]
        merged = {**schema, **known}
        rules[field] = {n: merged[n] for n in names if merged.get(n) is not None}
    return rules


def test_every_body_in_the_api_has_a_model() -> None:
    used = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for operation in operations().values()
        if "requestBody" in operation
    }
    assert used == set(BODIES) - {"Filter", "NamedPeople"}  # parts of other bodies


def test_what_we_answer_is_as_declared() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    user = User("u", "Ada", "ada@example.com", Role.ADMIN, now)
    full = Notification(
        id="n",
        user_id="u",
        message="m",
        created_at=now,
        title="t",
        category="c",
        priority=5,
        link="/x",
        data={"a": [1]},
        read_at=now,
        snoozed_until=now,
        edited_at=now,
        expires_at=now,
        deliver_at=now,
        broadcast_id="b",
        seq=7,
    )
    plain = Notification("n", "u", "m", now)
    validate(SCHEMAS["User"], wire.user(user))
    validate(SCHEMAS["Notification"], wire.notification(full))
    validate(SCHEMAS["Notification"], wire.notification(plain))
    assert set(wire.notification(full)) == set(SCHEMAS["Notification"]["properties"])
    assert set(SCHEMAS["User"]["properties"]["role"]["enum"]) == {role.value for role in Role}


def test_broadcasts_are_answered_as_declared() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    plain = Broadcast(
        id="b",
        to=Audience(AudienceKind.EVERYBODY),
        content=Content("m"),
        created_at=now,
        state=BroadcastState.RUNNING,
    )
    full = replace(
        plain,
        to=Audience(AudienceKind.TOPIC, topic="t"),
        content=Content("m", "t", "c", 5, "/x", {"a": [1]}),
        deliver_at=now,
        expires_at=now,
        finished_at=now,
        total=1,
    )
    validate(SCHEMAS["Broadcast"], wire.broadcast(plain))
    validate(SCHEMAS["Broadcast"], wire.broadcast(full))
    declared = SCHEMAS["Broadcast"]["properties"]
    assert set(wire.broadcast(full)) == set(declared)
    assert declared["state"]["enum"] == list(BroadcastState)
    assert declared["to"]["properties"]["kind"]["enum"] == list(AudienceKind)
    assert SCHEMAS["Step"]["properties"]["by"]["enum"] == list(QueuedBy)


def test_dead_letters_are_answered_as_declared() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    reason = DeadReason.PUSH_FAILED
    headers: dict[str, str | int] = {"x-text": "a", "x-number": 1}
    plain = DeadLetter(new_id(), "f", "q", reason, "e", 3, now, now, 1)
    full = replace(plain, body=b"\xff", headers=headers, notification_id="n", user_id="u")
    for letter in (plain, full):
        validate(SCHEMAS["DeadLetter"], wire.dead_letter(letter))
        validate(SCHEMAS["WholeDeadLetter"], wire.whole_dead_letter(letter, None))
    shown = wire.whole_dead_letter(full, DeliveryState.FAILED)
    validate(SCHEMAS["WholeDeadLetter"], shown)
    assert set(shown) == set(SCHEMAS["WholeDeadLetter"]["properties"])
    declared = SCHEMAS["WholeDeadLetter"]["properties"]
    assert declared["deliveryState"]["enum"] == list(DeliveryState)
    filters = operations()["/api/dead-letters", "get"]["parameters"]
    [by_reason] = [each["schema"] for each in filters if each["name"] == "reason"]
    assert declared["reason"]["enum"] == by_reason["enum"] == list(DeadReason)
    assert SCHEMAS["Redrive"]["properties"]["reason"]["enum"] == [*DeadReason, None]


def _examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    for (path, method), operation in operations().items():
        body = operation.get("requestBody", {}).get("content", {})
        contents = {"request": body}
        for status, response in operation["responses"].items():
            contents[status] = resolved(response).get("content", {})
        for where, content in contents.items():
            for media_type, media in content.items():
                name = f"{method} {path} {where} {media_type}"
                yield name, media["schema"], media.get("example")


EXAMPLES = {name: (schema, example) for name, schema, example in _examples()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_content_has_an_example_that_is_valid(name: str) -> None:
    schema, example = EXAMPLES[name]
    assert example is not None
    validate(schema, example)


def test_every_post_takes_a_key_but_those_whose_answer_is_secret() -> None:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    for (path, method), operation in operations().items():
        takes = method == "post" and bool(operation["security"])
        takes = takes and operation["operationId"] != "realtime.tickets"
        assert (key in operation.get("parameters", [])) is takes, f"{method} {path}"
        if takes:
            assert {"400", "409", "422"} <= set(operation["responses"]), f"{method} {path}"
    declared = SPEC["components"]["parameters"]["IdempotencyKey"]
    assert (declared["name"], declared["schema"]["maxLength"]) == (HEADER, MAX_KEY)


def test_what_operators_see_is_answered_as_declared() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    user = User("u", "Ada", "ada@example.com", Role.ADMIN, now)
    phone = Connection("phone=", "u", "https://push.example.com/ws", now)
    validate(SCHEMAS["PersonOnline"], wire.person_online(user, [phone]))
    validate(SCHEMAS["OnlineTotals"], wire.online(OnlineTotals(1, 2)))
    for latencies in ({}, {0: 1, 5: 2}):
        validate(SCHEMAS["Bucket"], wire.bucket(Bucket(now, 3, 2, 1, latencies)))


def test_every_operation_declares_what_can_go_wrong() -> None:
    for (path, method), operation in operations().items():
        declared = set(operation["responses"])
        expected = {"429", "500", "503"}
        if operation.get("security"):
            expected |= {"401", "403"}
        if "requestBody" in operation:
            expected |= {"400", "413"}
        assert expected <= declared, f"{method} {path} lacks {expected - declared}"


def test_every_problem_type_in_the_examples_is_an_error_of_ours() -> None:
    known = {PROBLEM_TYPE + error.type: error for error in _all_errors(BelfryError)}
    problems = [
        e for _, e in EXAMPLES.values() if isinstance(e, dict) and "title" in e and "type" in e
    ]
    assert problems
    for problem in problems:
        error = known[problem["type"]]
        assert (problem["status"], problem["title"]) == (error.status, error.title)


def test_the_error_tree_is_drawn_as_it_is() -> None:
    assert errors.__doc__
    drawn = set(re.findall(r"^    [│ ]*[├└]── (\w+)", errors.__doc__, re.MULTILINE))
    assert drawn == {error.__name__ for error in _all_errors(BelfryError)}


def _all_errors(error: type[BelfryError]) -> set[type[BelfryError]]:
    return {found for sub in error.__subclasses__() for found in {sub, *_all_errors(sub)}}


def _table(heading: str) -> dict[str, str]:
    """The first two columns of the table under a heading of docs/protocol.md."""
    section = PROTOCOL.split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    rows = re.findall(r"^\| `?(\w+)`? \|(.*)\|$", section, re.MULTILINE)
    return {name: rest for name, rest in rows if not set(name) <= {"-"}}


def test_the_protocol_lists_every_frame_type() -> None:
    listed = set(_table("From the server")) - {"type"}
    assert listed == {kind.value for kind in EventKind} | {kind.value for kind in FrameType}


def test_the_protocol_lists_every_action_and_its_fields() -> None:
    listed = _table("From the client")
    listed.pop("action")
    routes = {name for name in SPEC["x-websocket"]["routes"] if not name.startswith("$")}
    assert set(listed) == routes | {"ping"} == set(ACTIONS)
    models: dict[str, type[BaseModel]] = {
        "sync": SyncFrame,
        "read": ReadFrame,
        "ack": AckFrame,
    }
    for action, model in models.items():
        own = set(model.model_fields) - {"action", "ref"}
        assert own <= set(re.findall(r"`(\w+)`", listed[action])), action


def test_the_protocol_lists_every_close_code() -> None:
    listed = {int(code) for code in _table("Close codes") if code.isdecimal()}
    assert {code.code for code in CloseCode} <= listed


@pytest.mark.parametrize(
    "file", ["README.md", "CONTRIBUTING.md", *sorted(Path(ROOT, "docs").glob("*.md"))]
)
def test_links_and_commands_in_documents_lead_somewhere(file: str | Path) -> None:
    text = (ROOT / file).read_text()
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert ((ROOT / file).parent / target).exists(), f"{file} links to {target}"
    callbacks = [command.callback for command in app.registered_commands]
    commands = {callback.__name__ for callback in callbacks if callback}
    commands |= {str(group.name) for group in app.registered_groups}
    for used in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?belfry ([\w-]+)", text, re.MULTILINE):
        assert used in commands, f"{file} names belfry {used}"
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for used in re.findall(r"`make ([a-z-]+)", text):
        assert used in targets, f"{file} names make {used}"
