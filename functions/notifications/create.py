"""POST /api/notifications: an administrator notifies a person."""

from belfry import wire
from belfry.http import Request, Response, created, endpoint
from belfry.inputs.sending import NewNotification
from belfry.model import Role
from belfry.sending import accept
from belfry.wiring import Deps


@endpoint(body=NewNotification, role=Role.ADMIN)
def handler(request: Request[NewNotification], deps: Deps) -> Response:
    notification = accept(
        request.input,
        id_=request.id,
        may_be_done=request.may_be_done,
        recipients=deps.recipients,
        notifications=deps.notifications,
        outbox=deps.outbox,
        queue=deps.queue,
        clock=deps.clock,
    )
    deps.statistics.count(notification.created_at, accepted=1)
    location = f"/api/notifications/{notification.id}"
    return created(wire.notification(notification), location=location)
