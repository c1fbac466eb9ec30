"""HTTP APIs from outside, over a real server."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.endpoint import Endpoint
from gateway.invoker import Event, FunctionTimedOut, TooManyRequests
from gateway.limits import Limits
from tests.gateway.served import Function, Served, serving

SPEC = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /echo: { post: { operationId: f.echo }, get: { operationId: f.read } }
  /answer/{kind}: { get: { operationId: f.answer } }
  /files/{path+}: { get: { operationId: f.files } }
  /secret: { get: { operationId: f.secret, security: [{ bearer: [] }] } }
components:
  securitySchemes:
    bearer:
      type: http
      scheme: bearer
      x-authorizer: { function: auth.authorize, resultTtlSeconds: 60 }
x-functions:
  f.answer: { timeoutSeconds: 900 }
"""


def echo(event: Event) -> Any:
    return {
        "statusCode": 201,
        "headers": {"content-type": "application/octet-stream"},
        "cookies": ["a=1", "b=2"],
        "body": base64.b64encode(event["body"].encode("utf-8")).decode()
        if not event["isBase64Encoded"]
        else event["body"],
        "isBase64Encoded": True,
    }


def answer(event: Event) -> Any:
    match event["pathParameters"]["kind"]:
        case "raise":
            raise ValueError("a detail that nobody outside may see")
        case "timeout":
            raise FunctionTimedOut("late")
        case "throttled":
            raise TooManyRequests("busy")
        case "malformed":
            return {"statusCode": "fine"}
        case "injected":
            return {"statusCode": 200, "headers": {"x": "1\r\nset-cookie: evil=1"}}
        case "slow":
            RELEASE.wait(5)
    return event["pathParameters"]


RELEASE = threading.Event()


def authorize(event: Event) -> Any:
    match event["identitySource"][0]:
        case "good":
            return {"isAuthorized": True, "context": {"userId": "u", "level": 3}}
        case "bad":
            return {"isAuthorized": False}
        case "unknown":
            raise ValueError("Unauthorized")
        case "odd":
            return "yes"
    raise ValueError("boom")


FUNCTIONS: dict[str, Function] = {
    "f.echo": echo,
    "f.read": lambda event: event["requestContext"]["requestId"],
    "f.answer": answer,
    "f.files": lambda event: event["pathParameters"],
    "f.secret": lambda event: event["requestContext"]["authorizer"]["lambda"],
    "auth.authorize": authorize,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("a page")

    folder = tmp_path_factory.mktemp("pages")
    (folder / "file.txt").write_text("a file")
    extra = [Route("/page", page), Mount("/static", StaticFiles(directory=folder))]
    limits = Limits(payload_bytes=1000, integration_seconds=0.2)
    with serving(SPEC, FUNCTIONS, extra_routes=extra, limits=limits) as served:
        yield served
        RELEASE.set()


def test_a_call_reaches_its_function_and_comes_back(served: Served) -> None:
    response = served.http.post("/echo?x=1", json={"a": "λ"})

    assert response.status_code == 201
    assert response.json() == {"a": "λ"}
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_binary_body_travels_unchanged(served: Served) -> None:
    body = bytes(range(256))

    assert served.http.post("/echo", content=body).content == body
    assert served.functions.events_of("f.echo")[-1]["isBase64Encoded"]


def test_an_answer_without_status_is_json(served: Served) -> None:
    response = served.http.get("/files/a%20b/c.txt")

    assert response.json() == {"path": "a b/c.txt"}
    assert response.headers["content-type"] == "application/json"


def test_the_request_id_is_in_the_answer(served: Served) -> None:
    response = served.http.get("/echo")

    assert response.headers["apigw-requestid"] == response.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/echo/"),
        ("HEAD", "/files/a"),
        ("DELETE", "/echo"),
        ("OPTIONS", "/echo"),
        ("GET", "/static/missing.txt"),
    ],
)
def test_no_route_is_not_found(served: Served, method: str, path: str) -> None:
    response = served.http.request(method, path)

    assert response.status_code == 404
    if method != "HEAD":
        assert response.json() == {"message": "Not Found"}


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("raise", 500, "Internal Server Error"),
        ("timeout", 500, "Internal Server Error"),
        ("malformed", 500, "Internal Server Error"),
        ("injected", 500, "Internal Server Error"),
        ("throttled", 429, "Too Many Requests"),
        ("slow", 503, "Service Unavailable"),
    ],
)
def test_a_failing_function(served: Served, kind: str, status: int, message: str) -> None:
    response = served.http.get(f"/answer/{kind}")

    assert (response.status_code, response.json()) == (status, {"message": message})
    assert "set-cookie" not in response.headers


def test_the_authorizers_context_reaches_the_function_with_its_types(served: Served) -> None:
    response = served.http.get("/secret", headers={"authorization": "good"})

    assert response.json() == {"userId": "u", "level": 3}


def test_the_authorizer_is_asked_once_per_identity(served: Served) -> None:
    def asked() -> int:
        events = served.functions.events_of("auth.authorize")
        return sum(event["identitySource"] == ["good"] for event in events)

    for _ in range(3):
        served.http.get("/secret", headers={"authorization": "good"})

    assert asked() == 1


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        (None, 401, "Unauthorized"),
        ("", 401, "Unauthorized"),
        ("unknown", 401, "Unauthorized"),
        ("bad", 403, "Forbidden"),
        ("odd", 500, "Internal Server Error"),
        ("broken", 500, "Internal Server Error"),
    ],
)
def test_a_caller_who_is_not_admitted(
    served: Served, token: str | None, status: int, message: str
) -> None:
    before = len(served.functions.events_of("f.secret"))

    headers = {} if token is None else {"authorization": token}
    response = served.http.get("/secret", headers=headers)

    assert (response.status_code, response.json()) == (status, {"message": message})
    assert len(served.functions.events_of("f.secret")) == before


def test_without_identity_the_authorizer_is_not_asked(served: Served) -> None:
    before = len(served.functions.events_of("auth.authorize"))

    served.http.get("/secret")

    assert len(served.functions.events_of("auth.authorize")) == before


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_over_the_limit_is_refused(served: Served, streamed: bool) -> None:
    before = len(served.functions.events_of("f.echo"))
    content = iter([b"x" * 600, b"x" * 600]) if streamed else b"x" * 1001

    response = served.http.post("/echo", content=content)

    assert response.status_code == 413
    assert response.json() == {"message": "Request Entity Too Large"}
    assert len(served.functions.events_of("f.echo")) == before


def test_a_body_in_chunks_reaches_the_function_with_its_length(served: Served) -> None:
    served.http.post("/echo", content=iter([b"ab", b"c"]), headers={"content-type": "text/plain"})

    event = served.functions.events_of("f.echo")[-1]
    assert event["body"] == "abc"
    assert event["headers"]["content-length"] == "3"


def test_a_body_at_the_limit_passes(served: Served) -> None:
    assert served.http.post("/echo", content=b"x" * 1000).status_code == 201


def test_lambdas_limit_binds_before_the_gateways() -> None:
    limits = Limits(payload_bytes=10_000, invocation_bytes=4_000)
    with serving(SPEC, FUNCTIONS, limits=limits) as served:
        headers = {"content-type": "text/plain"}
        assert served.http.post("/echo", content="x" * 2_500, headers=headers).status_code == 201
        for body in ("x" * 4_000, "\0" * 700, "\\" * 2_000):
            response = served.http.post("/echo", content=body, headers=headers)
            assert response.status_code == 413
            assert response.json() == {"message": "Request Entity Too Large"}
        # In base64 a body takes a third more.
        assert served.http.post("/echo", content=b"\xff" * 1_900).status_code == 201
        assert served.http.post("/echo", content=b"\xff" * 2_800).status_code == 413
        events = served.functions.events_of("f.echo")

    assert len(events) == 2
    assert all(len(json.dumps(event)) <= 4_000 for event in events)


def test_requests_beyond_the_rate_are_throttled() -> None:
    limits = Limits(requests_per_second=0.001, request_burst=3)
    with serving(SPEC, FUNCTIONS, limits=limits) as served:
        answers = [served.http.get("/secret") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json() == {"message": "Too Many Requests"}


def test_long_headers_are_refused(served: Served) -> None:
    assert served.http.get("/echo", headers={"x": "y" * 9000}).status_code == 200
    assert served.http.get("/echo", headers={"x": "y" * 10240}).status_code == 431
    assert served.http.get("/echo", headers={"x" * 10240: "y"}).status_code == 200


def test_extra_routes_are_served_after_the_specs(served: Served) -> None:
    assert served.http.get("/page").text == "a page"
    assert served.http.get("/static/file.txt").text == "a file"


def test_a_client_that_leaves_in_the_middle_of_its_body_invokes_nothing(served: Served) -> None:
    before = len(served.functions.events_of("f.echo"))
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
    assert served.http.get("/echo").status_code == 200  # the server has gone on

    assert len(served.functions.events_of("f.echo")) == before


def test_the_default_route_takes_what_nothing_else_wants() -> None:
    spec = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /known: { get: { operationId: f.known } }
  /$default: { x-amazon-apigateway-any-method: { operationId: f.default } }
"""

    async def page(_: Request) -> PlainTextResponse:
        return PlainTextResponse("a page")

    functions: dict[str, Function] = {
        "f.known": lambda _: "known",
        "f.default": lambda event: event["routeKey"],
    }
    with serving(spec, functions, extra_routes=[Route("/page", page)]) as served:
        assert served.http.get("/known").json() == "known"
        assert served.http.get("/page").text == "a page"
        assert served.http.post("/other").json() == "$default"
        assert served.http.head("/known").status_code == 200


def test_a_route_for_any_method_takes_those_that_have_no_other() -> None:
    spec = """
openapi: 3.0.3
info: { title: T, version: "1" }
paths:
  /things/{id}:
    get: { operationId: f.get }
    x-amazon-apigateway-any-method: { operationId: f.any }
"""

    def tell(event: Event) -> Any:
        headers = {"X-Route": event["routeKey"]}
        return {"statusCode": "202", "headers": headers, "body": event["requestContext"]["stage"]}

    with serving(spec, {"f.get": tell, "f.any": tell}) as served:
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST", "TRACE"):
            response = served.http.request(method, "/things/1")
            route = "GET" if method == "GET" else "ANY"
            assert (response.status_code, response.headers["x-route"]) == (
                202,
                f"{route} /things/{{id}}",
            )
            assert response.text == ("" if method == "HEAD" else "$default")
            assert response.headers["content-length"] == str(len("$default"))


@pytest.mark.parametrize("path", ["/nothing", "/secret", "/answer/raise", "/echo"])
def test_every_answer_names_its_request(served: Served, path: str) -> None:
    assert served.http.get(path).headers["apigw-requestid"].endswith("=")


def test_an_endpoint_url_of_another_form_is_refused() -> None:
    for url in ("127.0.0.1:8080", "http://", "ftp://a", "http://a/path"):
        with pytest.raises(ValueError, match="endpoint_url must look like"):
            Endpoint.parse(url)


def test_many_calls_on_one_connection(served: Served) -> None:
    with httpx.Client(base_url=served.url) as client:
        answers = {client.get("/echo").json() for _ in range(50)}

    assert len(answers) == 50
