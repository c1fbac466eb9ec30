"""Which function of an HTTP API a request reaches, and CORS."""

import httpx
import pytest

from tests.conformance.stack import Stack

ORIGIN = {"origin": "https://app.example"}
PREFLIGHT = {
    **ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
}


def cors(response: httpx.Response) -> dict[str, str]:
    """Its CORS headers without their common beginning, lists in one form."""
    begin = "access-control-"
    return {
        name.removeprefix(begin): value.lower().replace(" ", "")
        for name, value in response.headers.items()
        if name.startswith(begin)
    }


@pytest.mark.line("HTTP-4a", "HTTP-4b", "HTTP-4c")
@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/echo", "ANY /echo"),
        ("GET", "/echo/fixed", "GET /echo/fixed"),
        ("PUT", "/echo/fixed", "ANY /echo/fixed"),
        ("GET", "/echo/other", "ANY /echo/{name}"),
        ("GET", "/echo/fixed/more", "ANY /echo/{proxy+}"),
        ("GET", "/elsewhere", "$default"),
        ("GET", "/", "$default"),
    ],
)
def test_the_most_specific_route_wins(full: Stack, method: str, path: str, route: str) -> None:
    event = full.echo(path, method)
    assert event["routeKey"] == event["requestContext"]["routeKey"] == route


@pytest.mark.line("HTTP-4b")
def test_a_greedy_parameter_takes_the_rest_of_the_path(full: Stack) -> None:
    assert full.echo("/echo/a/b/c")["pathParameters"] == {"proxy": "a/b/c"}


@pytest.mark.line("HTTP-4d")
@pytest.mark.parametrize(("method", "path"), [("GET", "/elsewhere"), ("POST", "/echo")])
def test_without_default_what_fits_no_route_is_not_found(
    bare: Stack, method: str, path: str
) -> None:
    response = bare.http.request(method, path)
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.line("HTTP-5a")
@pytest.mark.parametrize("path", ["/echo", "/act", "/private"])
def test_the_gateway_answers_preflight_requests_itself(full: Stack, path: str) -> None:
    response = full.http.options(path, headers=PREFLIGHT)
    assert (response.status_code, response.content) == (204, b"")
    assert cors(response) == {
        "allow-origin": "https://app.example",
        "allow-methods": "get,post",
        "allow-headers": "authorization,content-type",
        "expose-headers": "x-shown",
        "allow-credentials": "true",
        "max-age": "300",
    }


@pytest.mark.line("HTTP-5b")
def test_cors_headers_of_a_function_are_replaced_by_the_configured_ones(full: Stack) -> None:
    headers = {
        "access-control-allow-origin": "https://function.example",
        "access-control-allow-methods": "DELETE",
        "x-other": "stays",
    }
    order = {"do": "answer", "answer": {"statusCode": 200, "headers": headers}}
    response = full.http.post("/act", json=order, headers=ORIGIN)
    assert response.headers["x-other"] == "stays"
    assert cors(response)["allow-origin"] == "https://app.example"
    assert "delete" not in cors(response).get("allow-methods", "")


@pytest.mark.line("HTTP-5b")
def test_another_origin_gets_no_cors_headers(full: Stack) -> None:
    response = full.http.get("/echo", headers={"origin": "https://other.example"})
    assert response.status_code == 200
    assert "allow-origin" not in cors(response)


@pytest.mark.line("HTTP-5d")
def test_options_without_the_method_asked_for_is_no_preflight_request(full: Stack) -> None:
    response = full.http.options("/echo", headers=ORIGIN)
    assert response.json()["routeKey"] == "ANY /echo"
    assert cors(response) == {}


@pytest.mark.line("HTTP-5c")
def test_without_cors_options_is_a_method_like_any_other(bare: Stack) -> None:
    response = bare.http.options("/echo", headers=PREFLIGHT)
    assert response.json()["routeKey"] == "OPTIONS /echo"
    assert cors(response) == {"allow-origin": "https://mine.example"}
