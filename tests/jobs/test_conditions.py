"""ETags of answers: 304 for what is known, 412 for a change of what was changed meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.cast import House
from tests.support.workers import run, run_at_once, surroundings

pytestmark = pytest.mark.django_db
JSON = "application/json"


def path(house: House) -> str:
    return f"/api/v1/presets/{house.preset.slug}/"


def change(client: Client, address: str, etag: str, **fields: Any) -> Any:
    return client.patch(address, fields, JSON, headers={"If-Match": etag})


def test_what_the_client_has_already_is_not_sent_again(house: House) -> None:
    client = house.api("bob")
    for address in (path(house), "/api/v1/jobs/", "/api/v1/models/"):
        etag = client.get(address)["ETag"]
        again = client.get(address, headers={"If-None-Match": f'"other", W/{etag}'})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    house.job()
    etag = client.get("/api/v1/models/")["ETag"]
    assert client.get("/api/v1/jobs/", headers={"If-None-Match": etag}).status_code == 200


def test_a_change_of_what_was_changed_meanwhile_is_refused_and_changes_nothing(house: House) -> None:
    bob, alice = house.api("bob"), house.api("alice")
    etag = bob.get(path(house))["ETag"]
    assert change(alice, path(house), etag, description="Alice's").status_code == 200
    late = change(bob, path(house), etag, description="Bob's")
    assert (late.status_code, late.json()["error"]["code"]) == (412, "changed")
    assert bob.delete(path(house), headers={"If-Match": etag}).status_code == 412
    now = bob.get(path(house))
    assert now.json()["description"] == "Alice's"
    assert change(bob, path(house), now["ETag"], description="Bob's").json()["description"] == "Bob's"
    assert change(bob, path(house), "*", description="Any").status_code == 200


@pytest.mark.parametrize(
    "address", ["connections/engine/", "schedules/mornings/", "connections/engine/prices/"]
)
def test_each_object_that_can_be_changed_takes_a_condition(house: House, address: str) -> None:
    assert house.schedule
    client, whole = house.api("alice"), f"/api/v1/{address}"
    assert change(client, whole, '"another"').status_code == 412
    assert change(client, whole, client.get(whole)["ETag"]).status_code == 200


SEED = """
from django.core.management import call_command
from tests.cast import make_house
call_command("migrate", verbosity=0)
make_house("first", {"bob": "operator"}).preset
"""
PREPARE = """
import os
from django.test import Client
from teams import tokens
from teams.models import Team, User
secret = tokens.create(team=Team.objects.get(), user=User.objects.get())[1]
api = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")
etag = api.get("/api/v1/presets/nightly/")["ETag"]
"""
ACT = """
body = {"description": f"by {os.getpid()}"}
print(api.patch("/api/v1/presets/nightly/", body, "application/json", headers={"If-Match": etag}).status_code)
"""


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_that_were_made_to_the_same_state_one_is_done(tmp_path: Path) -> None:
    env = surroundings(tmp_path, REDIS_URL="redis://127.0.0.1:9/0")
    run(SEED, env)
    printed = run_at_once(PREPARE, ACT, env, count=3)
    assert sorted(text.splitlines()[-1] for text in printed) == ["200", "412", "412"]
