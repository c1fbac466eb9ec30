"""Who may do what: other people's notifications, forged tokens, roles and tickets."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.runner import Belfry, ask, bearer, receive

Claims = dict[str, Any]


@pytest.fixture(scope="module")
def ada(belfry: Belfry) -> tuple[dict[str, Any], str]:
    return belfry.person("ada")


@pytest.fixture(scope="module")
def eve(belfry: Belfry) -> tuple[dict[str, Any], str]:
    return belfry.person("eve")


@pytest.fixture
def private_key(belfry: Belfry) -> str:
    key: str = json.loads((belfry.folder / "secrets.json").read_text())["TOKEN_PRIVATE_KEY"]
    return key


def test_somebody_elses_notification_is_404(
    belfry: Belfry, ada: tuple[dict[str, Any], str], eve: tuple[dict[str, Any], str]
) -> None:
    with belfry.socket(ada[1]) as device:
        assert ask(device, action="sync")["type"] == "ready"
        id_ = belfry.send(ada[0]["id"])["id"]
        receive(device)
    path = f"/api/notifications/{id_}"

    assert belfry.get(path, eve[1]).status_code == 404
    assert belfry.http.put(path, headers=bearer(eve[1])).status_code == 404
    with belfry.socket(eve[1]) as socket:
        answer = ask(socket, action="read", id=id_)
    assert (answer["type"], answer["status"]) == ("error", 404)
    unread = belfry.get(path, ada[1]).json()
    assert unread["read"] is False


def test_a_plain_users_post_is_403(belfry: Belfry, ada: tuple[dict[str, Any], str]) -> None:
    body = {"userId": ada[0]["id"], "message": "to myself"}

    answer = belfry.http.post("/api/notifications", json=body, headers=bearer(ada[1]))

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:belfry:problem:forbidden"


def _forgeries() -> Iterator[tuple[str, Callable[[Claims, str], str]]]:
    def other_claims(**changes: Any) -> Callable[[Claims, str], str]:
        return lambda claims, key: jwt.encode(claims | changes, key, algorithm="EdDSA")

    def without(claim: str) -> Callable[[Claims, str], str]:
        return lambda claims, key: jwt.encode(
            {name: value for name, value in claims.items() if name != claim}, key, "EdDSA"
        )

    def altered(claims: Claims, key: str) -> str:
        head, _, signature = jwt.encode(claims, key, algorithm="EdDSA").split(".")
        body = json.dumps(claims | {"role": "admin"}, default=str).encode()
        return ".".join([head, base64.urlsafe_b64encode(body).decode().rstrip("="), signature])

    past = datetime.now(UTC) - timedelta(seconds=1)
    yield "expired", other_claims(exp=past)
    yield "unsigned", lambda claims, _: jwt.encode(claims, "", algorithm="none")
    other = Ed25519PrivateKey.generate()
    yield "signed by another key", lambda claims, _: jwt.encode(claims, other, algorithm="EdDSA")
    yield "for another audience", other_claims(aud="somebody else")
    yield "of another issuer", other_claims(iss="somebody else")
    yield "altered", altered
    yield "of an unknown role", other_claims(role="emperor")
    yield from ((f"without {claim}", without(claim)) for claim in ("exp", "jti", "role", "sub"))
    yield "no token at all", lambda _claims, _key: "nonsense"


FORGERIES = dict(_forgeries())


@pytest.mark.parametrize("kind", FORGERIES)
def test_a_token_is_401(
    belfry: Belfry,
    ada: tuple[dict[str, Any], str],
    private_key: str,
    kind: str,
) -> None:
    claims = jwt.decode(ada[1], options={"verify_signature": False})
    token = FORGERIES[kind](claims, private_key)

    assert belfry.get("/api/me", token).status_code == 401
    assert belfry.get("/api/me", token).json() == {"message": "Unauthorized"}
    with pytest.raises(InvalidStatus) as refused:
        belfry.socket(token)
    assert refused.value.response.status_code == 401


def test_no_token_is_401(belfry: Belfry) -> None:
    assert belfry.http.get("/api/me").status_code == 401
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{belfry.port}/ws"):
        pass
    assert refused.value.response.status_code == 401


def test_a_ticket_works_once(belfry: Belfry, ada: tuple[dict[str, Any], str]) -> None:
    made = belfry.http.post("/api/realtime/tickets", headers=bearer(ada[1])).json()
    address = f"ws://127.0.0.1:{belfry.port}/ws?ticket={made['ticket']}"

    with connect(address) as socket:
        assert ask(socket, action="sync")["type"] == "ready"
    with pytest.raises(InvalidStatus) as refused, connect(address):
        pass
    assert refused.value.response.status_code == 401
    assert made["expiresIn"] == 30


def test_pushing_to_a_connection_needs_our_signature(belfry: Belfry) -> None:
    id_ = "BFHPhfCWIAMCKlQ%3D"
    refused = httpx.post(f"{belfry.url}/ws/@connections/{id_}", content=b"{}")
    assert refused.status_code == 403
