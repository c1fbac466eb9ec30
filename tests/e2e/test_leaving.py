"""A person leaves, over HTTP: the account, the inbox and the open sockets are gone."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed

from belfry.client import Belfry as Client
from belfry.client import Problem
from tests.declared import as_declared
from tests.runner import Belfry, ask, bearer, receive


def test_who_leaves_is_gone_on_every_device_and_for_every_sender(belfry: Belfry) -> None:
    ada, token = belfry.person("ada")
    with belfry.socket(token) as phone:
        assert ask(phone, action="sync")["type"] == "ready"
        id_ = belfry.send(ada["id"])["id"]
        receive(phone)

        gone = belfry.http.delete("/api/me", headers=bearer(token))

        assert (gone.status_code, gone.text) == (204, "")
        with pytest.raises(ConnectionClosed) as closed:
            receive(phone)
        assert closed.value.rcvd
        assert closed.value.rcvd.code == 1000

    assert as_declared(belfry.get("/api/me", token), "/api/me")["status"] == 404
    assert belfry.get(f"/api/notifications/{id_}", token).status_code == 404
    listed = as_declared(belfry.get("/api/notifications", token), "/api/notifications")
    assert listed == {"items": [], "nextCursor": None, "unreadCount": 0}
    admin = bearer(belfry.admin_token())
    body = {"userId": ada["id"], "message": "Still there?"}
    refused = belfry.http.post("/api/notifications", json=body, headers=admin)
    assert refused.status_code == 422
    assert belfry.get(f"/api/notifications/{id_}/trace", belfry.admin_token()).status_code == 404
    again, _ = belfry.person("ada")
    assert again["id"] != ada["id"]


def test_an_administrator_stays(belfry: Belfry) -> None:
    answer = belfry.http.delete("/api/me", headers=bearer(belfry.admin_token()))
    assert as_declared(answer, "/api/me")["title"] == "Administrators stay"


def test_the_client_leaves(belfry: Belfry) -> None:
    belfry.register("Grace", "grace@example.com", "a long secret")
    with Client.log_in(belfry.url, "grace@example.com", "a long secret") as grace:
        grace.leave()
    with (
        Client.log_in(belfry.url, "grace@example.com", "a long secret") as nobody,
        pytest.raises(Problem) as refused,
    ):
        nobody.leave()
    assert refused.value.status == 401
