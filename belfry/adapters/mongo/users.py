"""The accounts in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable

from pymongo.errors import DuplicateKeyError

from belfry.adapters.mongo.database import Database, Document, translated
from belfry.errors import EmailTaken
from belfry.model import Role, User
from belfry.ports import StoredUser

MOST_KNOWN = 100_000
"""Recipients remembered at a time, some 10 MB."""


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
        }
        try:
            self._users.insert_one(document)
        except DuplicateKeyError:
            raise EmailTaken("There is an account with this e-mail address already.") from None

    @translated
    def by_id(self, user_id: str) -> User | None:
        document = self._users.find_one({"_id": user_id}, {"password_hash": False})
        return _user(document) if document else None

    @translated
    def by_email(self, email: str) -> StoredUser | None:
        document = self._users.find_one({"email": email})
        return StoredUser(_user(document), document["password_hash"]) if document else None

    @translated
    def set_role(self, email: str, role: Role) -> bool:
        changed = self._users.update_one({"email": email}, {"$set": {"role": role.value}})
        return changed.matched_count == 1

    @translated
    def all(self) -> Iterable[User]:
        return [_user(document) for document in self._users.find().sort("email")]


class MongoRecipients:
    """Asks about each person once: accounts are never deleted, so who exists goes on existing."""

    def __init__(self, database: Database) -> None:
        self._users = database.users
        self._known: set[str] = set()

    @translated
    def exists(self, user_id: str) -> bool:
        if user_id in self._known:
            return True
        if self._users.find_one({"_id": user_id}, {"_id": True}) is None:
            return False
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known.add(user_id)
        return True


def _user(document: Document) -> User:
    return User(
        id=document["_id"],
        username=document["username"],
        email=document["email"],
        role=Role(document["role"]),
        created_at=document["created_at"],
    )
