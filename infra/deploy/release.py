"""A package as `belfry package` leaves it, and the template as CloudFormation gets it."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deploy.aws import DeployError

TEMPLATE = "template.json"
CODE = "deployment.zip"
LOCAL_CODE = f"./{CODE}"
VERSION_LENGTH = 12

Template = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Release:
    """A template, and the zip of all functions, under the hash of its content."""

    template: Template
    code: Path
    code_key: str


@dataclass(frozen=True, slots=True)
class Located:
    """A template whose functions are in a bucket: its text, the key to keep it by, its version."""

    body: bytes
    key: str
    version: str


def read(package: Path) -> Release:
    """The package in a folder.

    Raises DeployError when it is not there, or not a package.
    """
    for name in (TEMPLATE, CODE):
        if not (package / name).is_file():
            raise DeployError(
                f"There is no {name} in {package}. `make package` makes it; "
                "--package names another folder."
            )
    try:
        template = json.loads((package / TEMPLATE).read_text())
    except ValueError as error:
        raise DeployError(f"{package / TEMPLATE} is not JSON: {error}") from error
    if not isinstance(template, dict) or not template.get("Resources"):
        raise DeployError(f"{package / TEMPLATE} has no Resources: it is no template.")
    with (package / CODE).open("rb") as code:
        digest = hashlib.file_digest(code, "sha256").hexdigest()
    return Release(template, package / CODE, f"{digest}.zip")


def located(release: Release, bucket: str) -> Located:
    """The template with the functions' code in that bucket.

    The version goes into the template's metadata, where `belfry status` finds it. The same
    package gives the same bytes, so deploying it again changes nothing.
    """
    template = copy.deepcopy(release.template)
    # One that was fetched back from the bucket has the version already: it must not count.
    others = {k: v for k, v in template.pop("Metadata", {}).items() if k != "Belfry"}
    if others:
        template["Metadata"] = others
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if properties.get("CodeUri") == LOCAL_CODE:
            properties["CodeUri"] = {"Bucket": bucket, "Key": release.code_key}
    version = _digest(template)[:VERSION_LENGTH]
    template["Metadata"] = {**others, "Belfry": {"Version": version}}
    return Located(_bytes(template), f"{_digest(template)}.template.json", version)


def version_of(template: Template) -> str | None:
    """The version of a template that was deployed."""
    version: str | None = template.get("Metadata", {}).get("Belfry", {}).get("Version")
    return version


def kept(template: Template) -> list[str]:
    """The logical ids of what stays when the stack is deleted."""
    resources = template.get("Resources", {})
    policies = {name: each.get("DeletionPolicy", "") for name, each in resources.items()}
    return [name for name, policy in policies.items() if policy.startswith("Retain")]


def _bytes(template: Template) -> bytes:
    return json.dumps(template, sort_keys=True, separators=(",", ":")).encode()


def _digest(template: Template) -> str:
    return hashlib.sha256(_bytes(template)).hexdigest()
