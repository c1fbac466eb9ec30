"""A project: a folder with an openapi.yaml and the functions that it names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from gateway.assumptions import REGION
from gateway.spec import Spec, load_spec

LOCAL_CREDENTIAL = "local"
"""Access key id and secret that pushes are signed with, when the environment has none."""
PUSH_ENDPOINT = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
"""boto3 reads this variable by itself, and calls AWS where it is not set."""


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

    def enter(self, push_endpoint: str) -> None:
        """Give its functions in this process what they find on Lambda.

        They work in the project's folder and import from there. boto3 pushes to connections at
        `push_endpoint`, with credentials of no value unless there are others.
        """
        os.chdir(self.root)
        sys.path.insert(0, str(self.root))
        os.environ.setdefault("AWS_ACCESS_KEY_ID", LOCAL_CREDENTIAL)
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", LOCAL_CREDENTIAL)
        os.environ.setdefault("AWS_REGION", REGION)
        os.environ.setdefault("AWS_DEFAULT_REGION", os.environ["AWS_REGION"])
        os.environ[PUSH_ENDPOINT] = push_endpoint
