"""`belfry package`: everything that AWS is given, a zip with the functions and a template.

pip fetches what the functions need for the processor that they will run on, by the hashes of
`requirements/functions.txt`; chalice makes the zip and its part of the template, and merges ours.
The same sources give the same bytes, so that nothing is deployed twice.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gateway.spec import Spec, load_spec
from infra.template.names import APP, chalice_name, logical_id
from infra.template.template import template
from infra.template.triggers import PREPARED

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path("build")
ZIP = "deployment.zip"
TEMPLATE = "template.json"

STAGE = "package"
"""chalice's; ours are a parameter of the template."""

CHALICE = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")
"""Its command, of this Python's packages. It answers what became of it, and does not exit."""

ROLE = "arn:aws:iam::123456789012:role/belfry"
"""Stands for the roles, which our part of the template has, one for each function."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip knows


class PackagingError(Exception):
    """What could not be packaged, and what pip or chalice said."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of processor: our name for it, Lambda's, and the wheels that it takes."""

    name: str
    lambda_name: str
    platforms: tuple[str, ...]


def _architecture(name: str, lambda_name: str, machine: str) -> Architecture:
    # Amazon Linux 2023, on which Lambda runs Python from 3.12 on, has glibc 2.34; before, 2.26.
    versions = ("2_17", "2_26") if sys.version_info < (3, 12) else ("2_17", "2_26", "2_28", "2_34")
    tags = [f"manylinux_{version}_{machine}" for version in versions]
    return Architecture(name, lambda_name, (f"manylinux2014_{machine}", *tags))


ARCHITECTURES = (
    _architecture("arm64", "arm64", "aarch64"),
    _architecture("x86-64", "x86_64", "x86_64"),
)

DROPPED = (
    "*.dist-info",  # pydantic would look through them at each cold start, for plugins
    "bin",
    "botocore/cacert.pem",
    "botocore/data",  # of clients; we only sign, and this is most of botocore
    "botocore/docs",
    "cffi",  # argon2 needs its C part only, `_cffi_backend`
    "dateutil/zoneinfo",
    "gridfs",
    "pycparser",  # for cffi, where something is compiled
    "pydantic/mypy.py",
    "pydantic/v1",  # pydantic as it once was
    # Imports all of cryptography.x509 at each cold start, to find then that PyOpenSSL is missing.
    "pymongo/pyopenssl_context.py",
    "**/*.c",
    "**/*.h",
    "**/*.pyi",
    "**/__pycache__",
)
"""What packages bring and no function uses."""


@dataclass(frozen=True, slots=True)
class Package:
    """What one kind of processor is given."""

    architecture: Architecture
    template: Path
    zip: Path
    functions: int


def package(build: Path = BUILD) -> Iterator[Package]:
    """Make the packages for all kinds of processors, under `build`/package.

    Raises PackagingError, and SpecError for an openapi.yaml that cannot be used.
    """
    spec = load_spec(ROOT / "openapi.yaml")
    with ThreadPoolExecutor() as pool:
        yield from pool.map(partial(_package, build, spec), ARCHITECTURES)


def _package(build: Path, spec: Spec, architecture: Architecture) -> Package:
    project = build / "chalice" / architecture.name
    _write_project(project, spec, architecture)
    (project / "merge.json").write_text(json.dumps(template(spec)))
    out = build / "package" / architecture.name
    _chalice("package", "--merge-template", "merge.json", "out", project=project)
    out.mkdir(parents=True, exist_ok=True)
    _rewrite(project / "out" / ZIP, out / ZIP)
    made = json.loads((project / "out" / "sam.json").read_text())
    prepare = made["Resources"][logical_id(str(spec.deployment.prepare))]
    version = _version((out / ZIP).read_bytes(), json.dumps(prepare).encode())
    made["Resources"][PREPARED]["Properties"]["Version"] = version
    (out / TEMPLATE).write_text(json.dumps(made, indent=1) + "\n")
    return Package(architecture, out / TEMPLATE, out / ZIP, len(spec.addresses()))


def _write_project(project: Path, spec: Spec, architecture: Architecture) -> None:
    """Write the folder that chalice wants."""
    if project.exists():
        shutil.rmtree(project)
    vendor = project / "vendor"
    (project / ".chalice").mkdir(parents=True)
    shutil.copy(ROOT / "infra" / "chalice" / "app.py", project)
    shutil.copy(ROOT / "openapi.yaml", project)
    config = json.dumps(_config(spec, architecture), indent=2)
    (project / ".chalice" / "config.json").write_text(config)
    (project / "requirements.txt").touch()  # all of it is in vendor/ already
    _install(vendor, architecture)
    for folder in ("belfry", "functions"):
        left_out = shutil.ignore_patterns("__pycache__", "client")
        shutil.copytree(ROOT / folder, vendor / folder, ignore=left_out)


def _config(spec: Spec, architecture: Architecture) -> Mapping[str, Any]:
    functions = {}
    for function in spec.addresses():
        settings = spec.settings(function)
        functions[chalice_name(function)] = {
            "lambda_timeout": int(settings.timeout_seconds),
            "lambda_memory_size": settings.memory_megabytes,
            "environment_variables": dict(settings.environment),
        }
    return {
        "version": "2.0",
        "app_name": APP,
        "lambda_architecture": architecture.lambda_name,
        "manage_iam_role": False,
        "iam_role_arn": ROLE,
        "stages": {STAGE: {"lambda_functions": functions}},
    }


def _install(folder: Path, architecture: Architecture) -> None:
    """Fetch what the functions need, without what they do not."""
    wheels = [f"--platform={platform}" for platform in architecture.platforms]
    locked = ROOT / "requirements" / "functions.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(
        "pip",
        [
            *pip,
            "--no-input",
            "--no-deps",
            "--no-compile",
            "--only-binary=:all:",
            "--require-hashes",
            f"--target={folder.resolve()}",
            *wheels,
            f"--requirement={locked}",
        ],
    )
    for pattern in DROPPED:
        for found in list(folder.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()


def _chalice(command: str, *arguments: str, project: Path) -> None:
    _run("chalice", [*CHALICE, command, f"--stage={STAGE}", *arguments], cwd=project)


def _run(name: str, command: list[str], cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise PackagingError(f"{name} failed:\n{(done.stderr or done.stdout).strip()}")


def _version(*parts: bytes) -> str:
    """What another version has another one of."""
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def _rewrite(made: Path, to: Path) -> None:
    """The functions' files, with order, times and rights that are the same on every machine."""
    with (
        zipfile.ZipFile(made) as source,
        zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in sorted(source.namelist()):
            if name == "app.py" or name.startswith("chalice/"):
                continue  # chalice's own, for those who write their handlers with it
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
