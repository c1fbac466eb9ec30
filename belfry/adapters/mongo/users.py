"""The accounts in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.errors import EmailTaken
from belfry.model import Role, User
from belfry.people import sort_name
from belfry.ports import StoredUser

MIGRATED_AT_ONCE = 1000


class MongoUsers:
    """One document per account; a unique index keeps the e-mail address single."""

    def __init__(self, database: Database) -> None:
        self._users = database.users

    @translated
    def add(self, user: User, password_hash: str) -> None:
        document = {
            "_id": user.id,
            "username": user.username,
            "email": user.email,
            "role": user.role.value,
            "created_at": user.created_at,
            "password_hash": password_hash,
            "name_key": name_key(user.username, user.id),
        }
        try:
            self._users.insert_one(document)
        except DuplicateKeyError:
            raise EmailTaken("There is an account with this e-mail address already.") from None

    @translated
    def by_id(self, user_id: str) -> User | None:
        document = self._users.find_one({"_id": user_id}, {"password_hash": False})
        return user_from_document(document) if document else None

    @translated
    def by_email(self, email: str) -> StoredUser | None:
        document = self._users.find_one({"email": email})
        return (
            StoredUser(user_from_document(document), document["password_hash"])
            if document
            else None
        )

    @translated
    def set_role(self, email: str, role: Role) -> bool:
        changed = self._users.update_one({"email": email}, {"$set": {"role": role.value}})
        return changed.matched_count == 1

    @translated
    def set_password(self, user_id: str, password_hash: str) -> None:
        self._users.update_one({"_id": user_id}, {"$set": {"password_hash": password_hash}})

    @translated
    def all(self) -> Iterable[User]:
        return [user_from_document(document) for document in self._users.find().sort("email")]


class MongoRecipients:
    """Asks each time: who has left exists for no sender any more, from that moment on."""

    def __init__(self, database: Database) -> None:
        self._users = database.users

    @translated
    def exists(self, user_id: str) -> bool:
        return self._users.find_one({"_id": user_id}, {"_id": True}) is not None


def name_key(username: str, user_id: str) -> str:
    """What people are sorted and found by. No two have the same one; names contain no NUL."""
    return f"{sort_name(username)}\0{user_id}"


def give_name_keys(database: Database) -> None:
    """Accounts of earlier versions can be found by their names."""
    missing = database.users.find({"name_key": None}, {"username": True})
    changes = (
        UpdateOne(
            {"_id": each["_id"]}, {"$set": {"name_key": name_key(each["username"], each["_id"])}}
        )
        for each in missing
    )
    while batch := list(islice(changes, MIGRATED_AT_ONCE)):
        database.users.bulk_write(batch, ordered=False)


def user_from_document(document: Document) -> User:
    return User(
        id=document["_id"],
        username=document["username"],
        email=document["email"],
        role=Role(document["role"]),
        created_at=document["created_at"],
    )
