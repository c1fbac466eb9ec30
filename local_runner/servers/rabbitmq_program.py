"""The programs of RabbitMQ on this machine: where they are, why the server ended."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path


class RabbitmqError(RuntimeError):
    """The embedded RabbitMQ cannot run. The message says how to mend it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The server's start script, and Erlang's name service, which it needs."""

    server: Path
    epmd: Path


DEBIAN_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's /usr/sbin/rabbitmq-server becomes the user of the machine's own service instead."""


def find_rabbitmq() -> Programs:
    """RabbitMQ as it is installed here. Raises RabbitmqError when it is not."""
    script = str(DEBIAN_SCRIPT) if DEBIAN_SCRIPT.is_file() else shutil.which("rabbitmq-server")
    if script is None:
        raise RabbitmqError(
            "There is no rabbitmq-server. Run: apt-get install rabbitmq-server (or brew install "
            "rabbitmq), or name a broker of yours in RABBITMQ_URL."
        )
    epmd = shutil.which("epmd")
    if epmd is None:
        raise RabbitmqError(
            "There is no epmd, which comes with Erlang. Put the folder of Erlang's programs on "
            "the PATH, or name a broker of yours in RABBITMQ_URL."
        )
    return Programs(Path(script), Path(epmd))


def why_not_ready(code: int | None, folder: Path) -> str:
    """What to tell about a server that ended with `code`, or is still starting when it is None."""
    where = f"See {folder / 'rabbitmq.log'} and {folder / 'rabbitmq.out'}."
    if code is None:
        return f"RabbitMQ took too long to start. {where}"
    output = (folder / "rabbitmq.out").read_text(errors="replace")
    if "nxdomain" in output:
        return "Erlang cannot resolve localhost. Add the line `127.0.0.1 localhost` to /etc/hosts."
    return f"RabbitMQ ended with code {code}: {_complaint(output)}. {where}"


def _complaint(output: str) -> str:
    """The error in RabbitMQ's report of a failed start, or else its last words."""
    # Its log may come in between, on lines that begin with the time.
    said = "".join(re.findall(r"^(?!\d{4}-).*\n?", output, re.MULTILINE))
    report = re.search(r"BOOT FAILED\s+=+\s+(.+?)(?:\n\s*\n|\Z)", said, re.DOTALL)
    words = report[1] if report else said[-500:]
    return " ".join(words.split()).rstrip(".")
