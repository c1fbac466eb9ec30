"""GET /api/statistics: what happened in the last minutes, and what waits, for administrators."""

from belfry import wire
from belfry.http import Request, Response, endpoint
from belfry.inputs.operating import StatisticsQuery
from belfry.model import DeadLetterFilter, Role
from belfry.statistics import BUCKET, history
from belfry.wiring import Deps


@endpoint(query=StatisticsQuery, role=Role.ADMIN)
def handler(request: Request[StatisticsQuery], deps: Deps) -> Response:
    now = deps.clock()
    buckets = history(deps.statistics, now=now, minutes=request.input.minutes)
    depths = deps.queue.depths()
    body = {
        "now": wire.time(now),
        "bucketSeconds": BUCKET.seconds,
        "buckets": [wire.bucket(each) for each in buckets],
        "queues": [{"name": name, "waiting": depths[name]} for name in sorted(depths)],
        "online": wire.online(deps.presence.totals()),
        "deadLetters": deps.dead_letters.count(DeadLetterFilter()),
    }
    return Response(body)
