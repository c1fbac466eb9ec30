"""What of a broadcast each person gets: a notification, whose id anybody can work out. Pure."""

from __future__ import annotations

from hashlib import blake2b

from belfry.broadcast import Broadcast
from belfry.model import Notification


def copy_for(user_id: str, broadcast: Broadcast) -> Notification:
    """The notification of this person; the same one whenever this is asked."""
    return Notification(
        id=copy_id(broadcast.id, user_id),
        user_id=user_id,
        created_at=broadcast.created_at,
        **broadcast.content.fields,
        deliver_at=broadcast.deliver_at,
        expires_at=broadcast.expires_at,
        broadcast_id=broadcast.id,
    )


def copy_id(broadcast_id: str, user_id: str) -> str:
    """A UUIDv7 of the broadcast's time, made of nothing but the broadcast and the person.

    So doing a part of the work again makes nothing twice. The first half is the broadcast's own:
    its copies stand together in the order of ids. The other half is a hash of 62 bits: with a
    million people the odds that two share one are one in ten million.
    """
    digest = blake2b(f"{broadcast_id}/{user_id}".encode(), digest_size=8).digest()
    # RFC 9562: the variant is the two bits 10.
    half = f"{int.from_bytes(digest) >> 2 | 1 << 63:016x}"
    return f"{_first_half(broadcast_id)}-{half[:4]}-{half[4:]}"


def copy_ids(broadcast_id: str) -> tuple[str, str]:
    """All ids of a broadcast's copies lie above the one and below the other."""
    # In ASCII the full stop follows the hyphen.
    return f"{_first_half(broadcast_id)}-", f"{_first_half(broadcast_id)}."


def _first_half(id_: str) -> str:
    return id_[:18]
