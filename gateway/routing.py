"""Which route a request takes: a full match, then the longest greedy one, then $default.

API Gateway developer guide, "Create routes for HTTP APIs": the most specific route wins, and a
method of its own comes before ANY.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from gateway.spec import Operation

ANY = "ANY"
DEFAULT_PATH = "/$default"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, and what its path says."""

    key: str
    """As events name it: `GET /users/{id}` or `$default`."""
    operation: Operation
    parameters: tuple[tuple[int, str], ...]
    """Position and name of each `{name}` segment."""
    greedy: tuple[int, str] | None
    """The same of `{name+}`, which takes the rest of the path."""


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)
    greedy: dict[str, Route] = field(default_factory=dict)


def _route(operation: Operation) -> Route:
    parameters, greedy = [], None
    for index, segment in enumerate(operation.path.split("/")[1:]):
        if segment.endswith("+}"):
            greedy = (index, segment[1:-2])
        elif segment.startswith("{"):
            parameters.append((index, segment[1:-1]))
    key = "$default" if operation.path == DEFAULT_PATH else f"{operation.method} {operation.path}"
    return Route(key, operation, tuple(parameters), greedy)


class Router:
    """A tree of path segments, built once; a request costs a look-up per segment."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        self._exact: dict[tuple[str, str], Route] = {}
        self.default: Route | None = None
        for operation in operations:
            self._add(_route(operation))

    def _add(self, route: Route) -> None:
        method, path = route.operation.method, route.operation.path
        if path == DEFAULT_PATH:
            self.default = route
            return
        if not route.parameters and route.greedy is None:
            self._exact[method, path] = route
        node = self._root
        for segment in path.split("/")[1:]:
            if segment.endswith("+}"):
                node.greedy[method] = route
                return
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.routes[method] = route

    def match(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path as it stood in the request line, and its decoded parameters."""
        route = self._exact.get((method, raw_path))
        if route is not None:
            return route, {}
        segments = raw_path.split("/")[1:]
        if "%" in raw_path:
            segments = [unquote(segment) for segment in segments]
        found = _full(self._root, segments, 0, method) or _greedy(self._root, segments, method)
        if found is None:
            return None
        parameters = {name: segments[index] for index, name in found.parameters}
        if found.greedy is not None:
            index, name = found.greedy
            parameters[name] = "/".join(segments[index:])
        return found, parameters


def _full(node: _Node, segments: list[str], index: int, method: str) -> Route | None:
    if index == len(segments):
        return node.routes.get(method) or node.routes.get(ANY)
    segment = segments[index]
    literal = node.literals.get(segment)
    found = _full(literal, segments, index + 1, method) if literal else None
    if found is None and node.parameter is not None and segment:
        found = _full(node.parameter, segments, index + 1, method)
    return found


def _greedy(root: _Node, segments: list[str], method: str) -> Route | None:
    candidates = list(_greedy_candidates(root, segments, 0, method))
    return max(candidates, key=lambda route: route.greedy[0] if route.greedy else 0, default=None)


def _greedy_candidates(
    node: _Node, segments: list[str], index: int, method: str
) -> Iterator[Route]:
    rest = segments[index:]
    if not any(rest):
        return
    route = node.greedy.get(method) or node.greedy.get(ANY)
    if route is not None:
        yield route
    literal = node.literals.get(segments[index])
    if literal is not None:
        yield from _greedy_candidates(literal, segments, index + 1, method)
    if node.parameter is not None and segments[index]:
        yield from _greedy_candidates(node.parameter, segments, index + 1, method)
