"""openapi.yaml is read into a Spec, or refused with the place of each mistake."""

from pathlib import Path

import pytest

from gateway.authorizer_form import WebSocketAuthorizer
from gateway.cors_form import Cors
from gateway.spec import SpecError, load_spec, parse_spec

GOOD = """
openapi: 3.0.3
info: { title: T, version: "1" }
security: [{ bearer: [] }]
paths:
  /users/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: { operationId: users.get, summary: One }
    put: { operationId: users.put, security: [] }
  /files/{path+}:
    x-amazon-apigateway-any-method: { operationId: files.any }
components:
  securitySchemes:
    bearer:
      type: http
      scheme: bearer
      x-authorizer:
        function: auth.authorize
        identitySource: [$request.header.Authorization]
        resultTtlSeconds: 60
x-amazon-apigateway-cors:
  allowOrigins: ["https://www.example.com", "http://*"]
  allowMethods: [GET, "*"]
  allowHeaders: [x-token]
  exposeHeaders: [date]
  allowCredentials: true
  maxAge: 300
x-websocket:
  stage: live
  routeSelectionExpression: $request.body.action
  authorizer: auth.authorize_websocket
  routes:
    $connect: { function: live.connections }
    sync: { function: live.sync, routeResponse: true }
x-queues:
  work.0: { function: work.deliver, batchSize: 10, batchingWindowSeconds: 0 }
x-schedules:
  work.sweep: { everySeconds: 5 }
x-functions:
  default: { timeoutSeconds: 20, memoryMegabytes: 256, environment: { STAGE: test, LEVEL: "1" } }
  live.sync: { concurrency: 3, environment: { LEVEL: "2" } }
  work.deliver: { timeoutSeconds: 60, memoryMegabytes: 512 }
"""


def test_a_whole_file() -> None:
    spec = parse_spec(GOOD)

    assert [(o.method, o.path, o.function) for o in spec.operations] == [
        ("GET", "/users/{id}", "users.get"),
        ("PUT", "/users/{id}", "users.put"),
        ("ANY", "/files/{path+}", "files.any"),
    ]
    get, put, _ = spec.operations
    assert get.authorizer is not None
    assert get.authorizer.function == "auth.authorize"
    assert get.authorizer.result_ttl_seconds == 60
    assert put.authorizer is None
    assert spec.websocket is not None
    assert spec.websocket.stage == "live"
    assert spec.websocket.routes["sync"].route_response
    assert not spec.websocket.routes["$connect"].route_response
    assert spec.queues["work.0"].batch_size == 10
    assert spec.schedules["work.sweep"].every_seconds == 5


def test_the_addresses_are_all_functions_that_the_file_names() -> None:
    assert parse_spec(GOOD).addresses() == (
        "auth.authorize",
        "auth.authorize_websocket",
        "files.any",
        "live.connections",
        "live.sync",
        "users.get",
        "users.put",
        "work.deliver",
        "work.sweep",
    )


def test_settings_are_the_functions_own_or_the_default_ones() -> None:
    spec = parse_spec(GOOD)

    assert spec.settings("work.deliver").timeout_seconds == 60
    assert spec.settings("users.get").memory_megabytes == 256


def test_settings_that_a_function_does_not_give_are_the_default_ones() -> None:
    own = parse_spec(GOOD).settings("live.sync")

    assert (own.timeout_seconds, own.memory_megabytes, own.concurrency) == (20, 256, 3)
    assert own.environment == {"STAGE": "test", "LEVEL": "2"}
    assert parse_spec(GOOD).settings("work.deliver").environment["LEVEL"] == "1"


def test_a_websocket_authorizer_is_an_address_or_an_object() -> None:
    def authorizer_of(text: str) -> WebSocketAuthorizer:
        websocket = parse_spec(text).websocket
        assert websocket is not None
        assert websocket.authorizer is not None
        return websocket.authorizer

    source = "route.request.header.X-Token"
    given = f"{{ function: auth.authorize_websocket, identitySource: [{source}] }}"
    with_source = GOOD.replace("auth.authorize_websocket", given)

    plain = WebSocketAuthorizer(function="auth.authorize_websocket")
    assert authorizer_of(GOOD) == plain
    assert authorizer_of(with_source) == plain.model_copy(update={"identity_source": (source,)})


def test_cors_is_read_in_the_form_of_aws() -> None:
    assert parse_spec(GOOD).cors == Cors(
        allow_origins=("https://www.example.com", "http://*"),
        allow_methods=("GET", "*"),
        allow_headers=("x-token",),
        expose_headers=("date",),
        allow_credentials=True,
        max_age=300,
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("3.0.3", "3.1.0", "openapi: "),
        ("x-queues:", "x-quues:", "x-quues: there is no such name here"),
        ("get: { operationId: users.get,", "get: {", "paths → /users/{id} → get → operationId: "),
        ("    get: {", "    gett: {", "paths → /users/{id} → gett: "),
        ("users.get", "users.Get", "paths → /users/{id} → get → operationId: "),
        ("users.put", "users.get", "put: operationId users.get is taken by paths → /users/{id} → "),
        ("/files/{path+}", "/users/{name}", ""),
        ("/files/{path+}", "/files/{path+}/more", "paths → /files/{path+}/more → any: a path has"),
        ("/files/{path+}", "/files/a{b}", "paths → /files/a{b} → any: a path has whole"),
        ("[{ bearer: [] }]", "[{ other: [] }]", "components → securitySchemes has no other"),
        ("[{ bearer: [] }]", "[{ bearer: [], b: [] }]", "a route has one authorizer at most"),
        ("x-authorizer:", "x-authoriser:", "securitySchemes → bearer has no x-authorizer"),
        ("$request.header.Authorization]", "$context.x]", "x-authorizer → identitySource → 0: "),
        ("resultTtlSeconds: 60", "resultTtlSeconds: 6000", "resultTtlSeconds: "),
        ("resultTtlSeconds: 60", "resultTtlSecs: 60", "resultTtlSecs: there is no such name"),
        ("$connect:", "$conect:", "x-websocket → routes → $conect"),
        ("$request.body.action", "$request.header.x", "x-websocket → routeSelectionExpression: "),
        ("batchSize: 10,", "batchSize: 0,", "x-queues → work.0 → batchSize: "),
        ("batchSize: 10,", "batchSize: '10',", "x-queues → work.0 → batchSize: "),
        ("{ everySeconds: 5 }", "{}", "x-schedules → work.sweep → everySeconds: is missing"),
        ("  work.deliver: { timeout", "  work.gone: { timeout", "x-functions → work.gone: nothing"),
        (
            "timeoutSeconds: 60",
            "timeoutSeconds: 901",
            "x-functions → work.deliver → timeoutSeconds",
        ),
        ("concurrency: 3", "concurrency: 0", "x-functions → live.sync → concurrency: "),
        ('LEVEL: "2"', "LEVEL: 2", "x-functions → live.sync → environment → LEVEL: "),
        ('LEVEL: "2"', 'TASK-2: "2"', "x-functions → live.sync → environment: "),
        ('LEVEL: "2"', 'AWS_REGION: "2"', "AWS_REGION is reserved: Lambda sets it itself"),
        ("LEVEL: " + '"2"', f"LEVEL: {'x' * 4090}", "all variables together may have 4096"),
        ("LEVEL: " + '"2"', f"MORE: {'x' * 4070}", "live.sync → environment: more than 4096"),
        ("[GET, ", "[GET POST, ", "x-amazon-apigateway-cors → allowMethods → 0: "),
        ('["https://www', '["www', "x-amazon-apigateway-cors → allowOrigins → 0: "),
        ('"http://*"', '"https://*.example.com"', "cors → allowOrigins → 1: "),
        ('"http://*"', '"https://a*"', "cors → allowOrigins → 1: "),
        ('"http://*"', '"https://www.example.com/"', "cors → allowOrigins → 1: "),
        ('"http://*"', '"*"', "allowCredentials does not go with * in allowOrigins"),
        ("maxAge: 300", "maxAge: 86401", "x-amazon-apigateway-cors → maxAge: "),
        (
            "authorizer: auth.authorize_websocket",
            "authorizer: { function: a.b, identitySource: [$request.header.X] }",
            "x-websocket → authorizer → identitySource → 0: ",
        ),
        ("[$request.header.Authorization]", "[]", "resultTtlSeconds must be 0"),
        (
            "timeoutSeconds: 60",
            "timeoutSeconds: 841",
            "x-queues → work.0 → function: work.deliver ",
        ),
        ("timeoutSeconds: 60, ", "", "x-queues → work.0 → function: work.deliver has a timeout"),
        ("  work.sweep: {", "  work.sweep: { everySeconds: 1 }\n  work.sweep: {", "given twice"),
        ("info: {", "info: [", "no valid YAML"),
        ("info: {", "info: { ? [a] : 1,", "no valid YAML"),
        ("info: {", "info: { day: 2026-99-99,", "no valid YAML"),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if not new:  # the default counts
        text = text.replace("timeoutSeconds: 20", "timeoutSeconds: 900")
    if not complaint:  # the same shape under another name
        text = text.replace("x-amazon-apigateway-any-method", "get")
        complaint = "paths → /users/{name} → get: the same route as paths → /users/{id} → get"

    with pytest.raises(SpecError) as raised:
        parse_spec(text, name="wiring.yaml")

    assert complaint in str(raised.value)
    assert "wiring.yaml: " in str(raised.value)


def test_a_missing_file_is_a_spec_error(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load_spec(tmp_path / "openapi.yaml")


@pytest.mark.parametrize("text", ["", "[]", "just text", "openapi: 3.0.3"])
def test_a_file_that_is_no_description_is_a_spec_error(text: str) -> None:
    with pytest.raises(SpecError):
        parse_spec(text)


def test_a_number_and_the_same_digits_are_two_keys() -> None:
    parse_spec(GOOD + "tags: { 1: a, '1': b }")
    with pytest.raises(SpecError, match="'1' is given twice"):
        parse_spec(GOOD + "tags: { 1: a, 1: b }")


@pytest.mark.parametrize("text", ["? [a]\n: 1", "a: !!int x", "a: &a [*a]"])
def test_odd_yaml_is_a_spec_error(text: str) -> None:
    with pytest.raises(SpecError):
        parse_spec(text)
