"""Runs one function as Lambda would, from the unpacked zip and nothing else: `python -I -S` this.

Reads from stdin `{"folder", "module", "event", "environment"}`; writes what was loaded after the
import, the answer, and what was loaded after it, as one line of JSON.
"""

import importlib
import json
import os
import sys
import time


class Context:
    aws_request_id = "8b1f0b7e-6c1f-4a3c-9a53-5f3c3f0c2a11"
    function_name = "function"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def main() -> None:
    asked = json.load(sys.stdin)
    sys.path.insert(0, asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    began = time.perf_counter()
    handler = importlib.import_module(asked["module"]).handler
    told = {"seconds": time.perf_counter() - began, "imported": packages()}
    try:
        told["answer"] = handler(asked["event"], Context())
    except Exception as error:
        told["error"] = f"{type(error).__name__}: {error}"
    told["used"] = packages()
    print(json.dumps(told))


def packages() -> list[str]:
    return sorted({name.partition(".")[0] for name in sys.modules})


if __name__ == "__main__":
    main()
