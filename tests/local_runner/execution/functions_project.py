"""A small project of functions in a folder, for tests of the invokers."""

import textwrap
from pathlib import Path
from typing import Any

import yaml

from gateway.spec import Spec, parse_spec


class FunctionsProject:
    """Functions by their addresses, `service.endpoint`, and what x-functions says of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._addresses: list[str] = []
        self._settings: dict[str, dict[str, Any]] = {}
        (root / "functions").mkdir(parents=True)
        (root / "functions" / "__init__.py").touch()

    def file(self, address: str) -> Path:
        service, endpoint = address.split(".")
        return self.root / "functions" / service / f"{endpoint}.py"

    def write(self, address: str, source: str, **settings: Any) -> None:
        """A function from its source; settings as x-functions names them."""
        file = self.file(address)
        file.parent.mkdir(exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(textwrap.dedent(source))
        self._addresses.append(address)
        self._settings[address] = settings

    @property
    def spec(self) -> Spec:
        return parse_spec(
            yaml.safe_dump(
                {
                    "openapi": "3.0.3",
                    "info": {"title": "Functions", "version": "1"},
                    "paths": {
                        f"/{address}": {"get": {"operationId": address}}
                        for address in self._addresses
                    },
                    "x-functions": self._settings,
                }
            )
        )
