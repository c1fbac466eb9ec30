"""GET /collect: what is measured afterwards is in use, or kept by the allocator."""

import gc
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    gc.collect()
    return {"statusCode": 200}
