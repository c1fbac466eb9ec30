"""A function in a process of its own, as Lambda starts one: `python -I -S -B` this, FOLDER MODULE….

Imports the modules from the folder and nothing else; then, when there is a line on stdin, gives it
to the last one's handler. Writes the seconds of processor time that it had used when it was ready,
and when it had answered, and its memory.
"""

import sys
import time
from importlib import import_module


class Context:
    aws_request_id = "8b1f0b7e-6c1f-4a3c-9a53-5f3c3f0c2a11"
    function_name = "function"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main(folder: str, *modules: str) -> None:
    sys.path.insert(0, folder)
    imported = [import_module(name) for name in modules]
    told: dict[str, object] = {"ready": time.process_time()}
    import json  # now: it would count as the function's

    if event := sys.stdin.readline():
        try:
            told["answer"] = imported[-1].handler(json.loads(event), Context())
        except Exception as error:
            told["error"] = f"{type(error).__name__}: {error}"
    told["answered"] = time.process_time()
    told["megabytes"] = megabytes()
    print(json.dumps(told), flush=True)


def megabytes() -> float:
    """The most that was resident. Not by getrusage, which also counts whoever started us."""
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib costs what is measured
        return float(status.read().partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    import os

    os._exit(0)  # a database client's own threads would be waited for
