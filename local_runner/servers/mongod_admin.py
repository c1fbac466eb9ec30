"""What the runner asks of a `mongod` by its port: where the data are, to be primary, to end."""

import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from local_runner.servers.loopback import HOST

REPLICA_SET = "belfry"

_NOT_YET_INITIALIZED = 94  # MongoDB's error code of a replica set without a configuration
_PATIENCE_MS = 2000  # for one command; a local mongod answers in a few


def data_path(port: int) -> Path | None:
    """The data folder of the mongod on the port, or None when that is not a mongod of ours."""
    try:
        with _connect(port) as client:
            return _data_path(client)
    except PyMongoError:
        return None


def shut_down(port: int) -> None:
    """Ask the mongod on the port to end cleanly. Returns before it has."""
    try:
        with _connect(port) as client:
            client.admin.command("shutdown", force=True)
    except PyMongoError:
        return  # it closes the connection instead of answering


def become_primary(port: int, data: Path, deadline: float) -> bool:
    """Make the mongod on the port the writable primary of a replica set of one.

    Starts the set when there is none yet, and moves it when it was made on another port.
    Returns False when that did not happen before `deadline` (of `time.monotonic`), when the server
    went away, and when it is another one: its data are not in the folder `data`.
    """
    try:
        with _connect(port) as client:
            if _data_path(client) != data:
                return False
            while time.monotonic() < deadline:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return True
                _configure(client, f"{HOST}:{port}")
                time.sleep(0.02)
    except PyMongoError:
        return False
    return False


def _data_path(client: MongoClient[dict[str, Any]]) -> Path | None:
    options = client.admin.command("getCmdLineOpts")
    path = options["parsed"].get("storage", {}).get("dbPath")
    return Path(path) if path else None


def _configure(client: MongoClient[dict[str, Any]], address: str) -> None:
    """Give the replica set its one member; a server that is not ready for it is asked again."""
    try:
        config = client.admin.command("replSetGetConfig")["config"]
        if config["members"][0]["host"] != address:
            config["members"][0]["host"] = address
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
    except OperationFailure as error:
        if error.code == _NOT_YET_INITIALIZED:
            _initiate(client, address)


def _initiate(client: MongoClient[dict[str, Any]], address: str) -> None:
    members = [{"_id": 0, "host": address}]
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
    except OperationFailure:
        return  # its configuration was only still being read


def _connect(port: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        HOST,
        port,
        directConnection=True,
        serverSelectionTimeoutMS=_PATIENCE_MS,
        connectTimeoutMS=_PATIENCE_MS,
        socketTimeoutMS=_PATIENCE_MS,
    )
