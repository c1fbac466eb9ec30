"""The most specific route wins: full match, then greedy, then $default."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing import Router
from gateway.spec import Operation


def router(*routes: str) -> Router:
    pairs = [route.split(" ", 1) for route in routes]
    return Router(Operation(method, path, f"f.{n}", None) for n, (method, path) in enumerate(pairs))


DOCUMENTED = router(
    "GET /pets/dog/1",
    "GET /pets/dog/{id}",
    "GET /pets/{proxy+}",
    "ANY /{proxy+}",
    "ANY /$default",
)


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/test/5", "ANY /{proxy+}"),
        ("POST", "/pets/dog/1", "ANY /{proxy+}"),
    ],
)
def test_the_examples_of_the_developer_guide(method: str, path: str, key: str) -> None:
    found = DOCUMENTED.match(method, path)

    assert found is not None
    assert found[0].key == key


def test_default_is_not_among_the_matches() -> None:
    assert DOCUMENTED.match("GET", "/") is None
    assert DOCUMENTED.default is not None
    assert DOCUMENTED.default.key == "$default"


def test_a_full_match_beats_a_greedy_one_with_a_longer_literal() -> None:
    found = router("GET /a/{rest+}", "GET /{x}/{y}").match("GET", "/a/b")

    assert found is not None
    assert found[0].key == "GET /{x}/{y}"


def test_the_longest_greedy_route_wins() -> None:
    found = router("GET /{rest+}", "GET /a/{rest+}").match("GET", "/a/b/c")

    assert found is not None
    assert (found[0].key, found[1]) == ("GET /a/{rest+}", {"rest": "b/c"})


def test_a_dead_end_behind_a_literal_turns_back_to_the_parameter() -> None:
    found = router("GET /a/b/c", "GET /{x}/b/d").match("GET", "/a/b/d")

    assert found is not None
    assert found[1] == {"x": "a"}


def test_a_method_of_its_own_beats_any() -> None:
    both = router("ANY /a", "PUT /a")

    put, get = both.match("PUT", "/a"), both.match("GET", "/a")
    assert put is not None
    assert put[0].key == "PUT /a"
    assert get is not None
    assert get[0].key == "ANY /a"


@pytest.mark.parametrize(
    "path", ["/users", "/users/", "/users/1/", "/USERS/1", "/users/1/2", "//users/1", ""]
)
def test_another_shape_of_path_is_no_match(path: str) -> None:
    assert router("GET /users/{id}").match("GET", path) is None


def test_another_method_is_no_match() -> None:
    assert router("GET /users").match("HEAD", "/users") is None


def test_a_percent_encoded_literal_is_the_literal() -> None:
    assert router("GET /a b").match("GET", "/a%20b") is not None


@given(st.text(min_size=1))
def test_a_parameter_is_one_segment_decoded_once(value: str) -> None:
    encoded = quote(value, safe="", errors="surrogatepass")

    found = router("GET /a/{x}/c").match("GET", f"/a/{encoded}/c")

    assert found is not None
    assert found[1] == {"x": value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")}


SEGMENT = st.sampled_from(["a", "b", "{x}"])
PATHS = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(st.sets(PATHS, min_size=1), st.lists(st.sampled_from(["a", "b", "c"]), max_size=5))
def test_the_leftmost_literals_win_as_in_a_plain_search(paths: set[str], parts: list[str]) -> None:
    def fits(path: str) -> bool:
        pattern = path.split("/")[1:]
        return len(pattern) == len(parts) and all(
            want in ("{x}", got) for want, got in zip(pattern, parts, strict=True)
        )

    expected = min((p for p in paths if fits(p)), key=lambda p: p.replace("{", "~"), default=None)

    found = router(*(f"GET {path}" for path in paths)).match("GET", "/" + "/".join(parts))

    assert (found and found[0].operation.path) == expected
