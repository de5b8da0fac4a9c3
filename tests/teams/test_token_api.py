"""API tokens by the API: made within the rights of who asks, shown once, listed without secrets, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from teams import service_accounts, tokens
from teams.models import Activity, ApiToken, KeyedRequest, Membership, Role, Team
from tests.cast import House

pytestmark = pytest.mark.django_db
PATH = "/api/v1/tokens/"
BODY = {"name": "nightly", "role": "viewer", "days": 30}


def bearer(secret: str) -> Client:
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}")


def client_with(house: House, who: str, role: Role) -> Client:
    return bearer(tokens.create(team=house.team, user=house.people[who], name="used", role=role)[1])


def make(client: Client, **fields: Any) -> Any:
    return client.post(PATH, {**BODY, **fields}, "application/json")


def problems(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400, answer.content
    fields: dict[str, list[str]] = answer.json()["error"]["fields"]
    return fields


def test_a_token_is_shown_once_works_and_ends_when_it_is_revoked(house: House) -> None:
    client = house.api("bob")
    answer = make(client)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    secret = answer.json()["secret"]
    assert bearer(secret).get("/api/v1/jobs/").status_code == 200
    listed = client.get(PATH)
    assert secret not in listed.content.decode()
    row = next(row for row in listed.json()["results"] if row["id"] == answer.json()["id"])
    assert (row["name"], row["owner"], row["role"], row["prefix"]) == ("nightly", "bob", "viewer", secret[:8])
    assert client.delete(f"{PATH}{row['id']}/").status_code == 204
    assert bearer(secret).get("/api/v1/jobs/").status_code == 401
    acts = Activity.objects.filter(verb__startswith="token.").order_by("id")
    assert [(act.verb, act.user, act.token_id is not None) for act in acts if act.object_label == "nightly"] == [
        ("token.created", house.people["bob"], True), ("token.revoked", house.people["bob"], True),
    ]  # fmt: skip


def test_a_repeated_request_makes_one_token_and_stores_no_secret(house: House) -> None:
    client, keyed = house.api("bob"), {"Idempotency-Key": "once"}
    before = ApiToken.objects.count()
    first, again = (client.post(PATH, BODY, "application/json", headers=keyed) for _ in range(2))
    assert again.json() == {**first.json(), "secret": None}
    assert ApiToken.objects.count() == before + 1
    assert not any(first.json()["secret"] in str(row.answer) for row in KeyedRequest.objects.all())


def test_no_token_is_wider_than_the_one_that_made_it(house: House) -> None:
    alice = client_with(house, "alice", Role.OPERATOR)
    assert "role" in problems(make(alice, role="admin"))
    new_token = alice.post(PATH, {"name": "as wide as allowed"}, "application/json").json()
    assert new_token["role"] == "operator"
    assert bearer(new_token["secret"]).get("/api/v1/me/").json()["role"] == "operator"
    assert make(client_with(house, "alice", Role.VIEWER)).status_code == 403
    assert "role" in problems(make(house.api("vera"), role="operator"))
    assert make(house.api("vera")).status_code == 201


def test_a_lifetime_is_within_that_of_the_team(house: House) -> None:
    Team.objects.filter(pk=house.team.pk).update(token_max_days=10)
    client = house.api("bob")
    assert "10 days at most" in problems(make(client, days=11))["days"][0]
    assert "days" in problems(make(client, days=0))
    new_token = client.post(PATH, {"name": "usual"}, "application/json")
    assert new_token.status_code == 201
    end = ApiToken.objects.get(pk=new_token.json()["id"]).expires_at
    assert end is not None
    assert timedelta(days=9) < end - timezone.now() <= timedelta(days=10)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "}, {"name": 5}, {"name": "a\u202eb"}, {"role": "king"}, {"role": None}, {"days": -1},
        {"days": 3651}, {"days": "soon"}, {"days": True}, {"owner": "nobody"}, {"scope": "all"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field_and_nothing_made(
    house: House, fields: dict[str, object]
) -> None:
    client = house.api("alice")
    before = ApiToken.objects.count()
    assert set(problems(make(client, **fields))) == set(fields)
    assert ApiToken.objects.count() == before


def test_admins_alone_make_and_revoke_tokens_of_service_accounts(house: House, other_house: House) -> None:
    alice = house.people["alice"]
    service_accounts.create(house.team, "import", Role.OPERATOR, by=alice)
    owner = {"owner": "import@first"}
    assert make(house.api("bob"), **owner).status_code == 403
    assert make(client_with(house, "alice", Role.OPERATOR), **owner).status_code == 403
    assert "owner" in problems(make(other_house.api("charlie"), **owner))
    assert "owner" in problems(make(house.api("alice"), owner="bob"))
    assert "role" in problems(make(house.api("alice"), role="admin", **owner))
    new_token = house.api("alice").post(PATH, {"name": "of it", **owner}, "application/json").json()
    assert (new_token["owner"], new_token["role"]) == ("import@first", "operator")
    assert Activity.objects.get(verb="token.created", detail={"for": "import@first"}).user == alice
    Membership.objects.filter(user=alice).update(role=Role.VIEWER)
    assert bearer(new_token["secret"]).get("/api/v1/jobs/").status_code == 200
    assert house.api("bob").delete(f"{PATH}{new_token['id']}/").status_code == 403
    assert other_house.api("charlie").delete(f"{PATH}{new_token['id']}/").status_code == 404
    Membership.objects.filter(user=alice).update(role=Role.ADMIN)
    assert house.api("alice").delete(f"{PATH}{new_token['id']}/").status_code == 204
    assert bearer(new_token["secret"]).get("/api/v1/jobs/").status_code == 401


def test_an_admin_lists_the_teams_tokens_and_others_their_own(house: House, other_house: House) -> None:
    for who in ("alice", "bob"):
        make(house.api(who))
    make(other_house.api("charlie"))
    owners = {row["owner"] for row in house.api("bob").get(PATH).json()["results"]}
    assert owners == {"bob"}
    owners = {row["owner"] for row in house.api("alice").get(PATH).json()["results"]}
    assert {"alice", "bob"} <= owners
    assert "charlie" not in owners
