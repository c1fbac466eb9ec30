"""Makes the MongoDB of the containers a replica set, and gives Belfry a user of its own there."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

HOST = "mongodb"
PORT = 27017
REPLICA_SET = "belfry"
DATABASE = "belfry"
USER = "belfry"

READY_SECONDS = 120.0
"""A large journal takes this long to replay after a crash."""
PAUSE_SECONDS = 0.5

_NOT_YET_INITIALIZED = 94  # MongoDB's error codes
_USER_NOT_FOUND = 11
_AUTHENTICATION_FAILED = 18

Client = MongoClient[dict[str, Any]]


class SetupError(Exception):
    """MongoDB did not get ready. The message says how to mend it."""


def set_up(client: Client, password: str, deadline: float) -> None:
    """Wait for the server, start the set when there is none yet, and make or change the user.

    Doing it again changes nothing. Raises SetupError at the deadline (of `time.monotonic`).
    """
    while True:
        try:
            if _is_primary(client):
                _give_user(client, password)
                return
            problem = "it has no primary"
        except PyMongoError as error:
            problem = _told(error)
        if time.monotonic() > deadline:
            raise SetupError(f"MongoDB is not ready: {problem}")
        time.sleep(PAUSE_SECONDS)


def _is_primary(client: Client) -> bool:
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": f"{HOST}:{PORT}"}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    return bool(client.admin.command("hello").get("isWritablePrimary"))


def _give_user(client: Client, password: str) -> None:
    roles = [{"role": "readWrite", "db": DATABASE}]
    try:
        client.admin.command("updateUser", USER, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != _USER_NOT_FOUND:
            raise
        client.admin.command("createUser", USER, pwd=password, roles=roles)


def _told(error: PyMongoError) -> str:
    if isinstance(error, OperationFailure) and error.code == _AUTHENTICATION_FAILED:
        return (
            "it refuses the password of root. The data were made with other secrets: bring back "
            "the volume secrets-mongodb, or remove the volume mongodb as well and start anew."
        )
    return str(error)


def main(folder: Path) -> None:
    """Set up the server with the passwords in the folder."""
    client: Client = MongoClient(
        HOST,
        PORT,
        directConnection=True,
        username="root",
        password=(folder / "root-password").read_text(),
        serverSelectionTimeoutMS=2000,
        connectTimeoutMS=2000,
        socketTimeoutMS=10000,
    )
    password = (folder / "belfry-password").read_text()
    with client:
        try:
            set_up(client, password, time.monotonic() + READY_SECONDS)
        except SetupError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
