"""A project: a folder with an openapi.yaml and the functions that it names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.spec import Spec, load_spec


@dataclass(frozen=True, slots=True)
class Project:
    """Its functions are `functions/<service>/<endpoint>.py` beside the file."""

    file: Path
    spec: Spec

    @classmethod
    def load(cls, file: Path) -> Project:
        """Read the file. Raises SpecError."""
        return cls(file.resolve(), load_spec(file))

    @property
    def root(self) -> Path:
        return self.file.parent

    def enter(self) -> None:
        """Work where its functions do on Lambda, too: in its folder, and importing from there."""
        os.chdir(self.root)
        sys.path.insert(0, str(self.root))
