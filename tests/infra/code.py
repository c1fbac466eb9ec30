"""What the code of a function can reach, read from its syntax trees and not by running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from infra.package import ROOT
from infra.template.names import attribute, ref

WIRING, SETTINGS, SECRETS = "belfry.wiring", "belfry.settings", "belfry.adapters.secrets"

EDGES = {"belfry.http", "belfry.websocket", "belfry.authorizer", "belfry.schedule"}
"""They get the parts as well as the handler does."""

NOT_FOLLOWED = {WIRING, SETTINGS, "belfry.function", "belfry.devices"}
"""What a function is given, not what it does."""


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / Path(*module.split("."))).with_suffix(".py").read_text())


@cache
def definitions(module: str) -> Mapping[str, ast.AST]:
    """Functions, classes and constants of a module, by name."""
    found: dict[str, ast.AST] = {}
    for node in tree_of(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


@cache
def imported(module: str) -> Mapping[str, tuple[str, str]]:
    """What a module has from ours: its name there, and where it is."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("belfry.")
        for alias in node.names
        if node.module
    }


def attributes(node: ast.AST, of: str) -> set[str]:
    """The names that stand after `of.` in it."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.value, ast.Name)
        and each.value.id == of
    }


@cache
def _members(module: str, class_: str) -> Mapping[str, ast.AST]:
    node = definitions(module)[class_]
    assert isinstance(node, ast.ClassDef)
    return {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}


class FunctionCode:
    """The code of one function, with all that it calls of ours."""

    def __init__(self, function: str) -> None:
        self.module = f"functions.{function}"

    @cached_property
    def reached(self) -> list[ast.AST]:
        """The handler, and what it names, and what that names, in use cases and edges."""
        found: dict[tuple[str, str], ast.AST] = {}
        todo = [(self.module, name) for name in definitions(self.module)]
        while todo:
            module, name = todo.pop()
            node = definitions(module).get(name)
            if node is None or (module, name) in found:
                continue
            found[module, name] = node
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            for each in names:
                target = imported(module).get(each, (module, each))
                followed = target[0] not in NOT_FOLLOWED and ".adapters" not in target[0]
                todo += [target] if followed and is_module(target[0]) else []
        return list(found.values())

    @cached_property
    def parts(self) -> set[str]:
        """The parts that it asks for, and those that these ask for."""
        asked = {
            name
            for node in self.reached
            for of in ("deps", "parts")
            for name in attributes(node, of)
        }
        members = _members(WIRING, "Deps")
        todo, found = sorted(asked & members.keys()), set[str]()
        while todo:
            part = todo.pop()
            if part not in found:
                found.add(part)
                todo += sorted(attributes(members[part], "self") & members.keys())
        return found

    @cached_property
    def settings(self) -> set[str]:
        """The settings that these parts, or the function itself, read."""
        members = _members(WIRING, "Deps")
        nodes = [*self.reached, *(members[part] for part in self.parts if part != "settings")]
        found = {
            each.attr
            for node in nodes
            for each in ast.walk(node)
            if isinstance(each, ast.Attribute)
            and isinstance(each.value, ast.Attribute)
            and each.value.attr == "settings"
        }
        local = {name for node in nodes for name in attributes(node, "settings")}
        return found | local

    @property
    def variables(self) -> set[str]:
        """The variables that may name a secret, of those settings."""
        settings, parts = _members(SETTINGS, "Settings"), _members(WIRING, "Deps")
        nodes = [settings[name] for name in self.settings & settings.keys()]
        nodes += [parts[name] for name in self.parts]
        return {
            each.value
            for node in nodes
            for each in ast.walk(node)
            if isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and each.value in SECRET_VARIABLES
        }

    @property
    def sockets(self) -> set[str]:
        """The methods of `@connections` that it calls."""
        if "pusher" not in self.parts:
            return set()
        called = {
            each.attr
            for node in self.reached
            for each in ast.walk(node)
            if isinstance(each, ast.Attribute)
        }
        return {method for name, method in SOCKET_METHODS.items() if name in called}

    def secret_calls(self) -> Iterator[tuple[str, str]]:
        """The operations of Secrets Manager that it does with the keys: on which, and what."""
        operations = _secrets_operations()
        for node in self.reached:
            for call in ast.walk(node):
                if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
                    continue
                owner = call.func.value
                if isinstance(owner, ast.Attribute) and owner.attr == "secrets":
                    first = call.args[0]
                    which = first.attr if isinstance(first, ast.Attribute) else "private"
                    for operation in operations[call.func.attr]:
                        yield which, operation


SECRET_VARIABLES: Mapping[str, Mapping[str, Any]] = {
    "ADMINISTRATOR": ref("AdministratorSecret"),
    "MONGODB_URI": ref("MongodbSecret"),
    "RABBITMQ_CREDENTIALS": ref("BrokerSecret"),
    "RABBITMQ_URL": {"Fn::Select": [0, attribute("Broker", "AmqpEndpoints")]},
    "TOKEN_PRIVATE_KEY": ref("SigningKeySecret"),
    "TOKEN_PUBLIC_KEY": ref("VerificationKeysSecret"),
}
"""With what the template gives for each."""

SOCKET_METHODS = {"push": "POST", "tell": "POST", "hang_up": "DELETE"}
"""Of `belfry.devices.Devices`."""


@cache
def _secrets_operations() -> Mapping[str, set[str]]:
    """What each method of the adapter asks Secrets Manager for."""
    return {
        name: {
            call.args[0].value
            for call in ast.walk(method)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in {"_asked", "_call"}
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, str)
        }
        for name, method in _members(SECRETS, "SecretsManager").items()
    }


def is_module(module: str) -> bool:
    return (ROOT / Path(*module.split("."))).with_suffix(".py").exists()
