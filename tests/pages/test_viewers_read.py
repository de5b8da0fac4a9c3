"""Data of a connection for viewers: nothing by default, list and download where an admin allows it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from jobs.models import Connection
from jobs.states import JobState
from teams import tokens
from teams.models import Activity, Role
from tests.cast import House
from tests.pages.test_access_matrix import METHODS, send
from tests.support.access_table import LEAST_ROLES
from tests.support.addresses import addresses
from tests.support.engine import EngineProcess
from tests.support.html import Page
from tests.support.undone import undone

pytestmark = pytest.mark.django_db

API = "/api/v1/connections/engine/"
#: What viewers may then do, by the routes' names.
READS = {"data", "data-listing", "data-download", "api:connection-browse", "api:connection-objects"}


@pytest.fixture
def bucket(real: House, engine: EngineProcess) -> str:
    name = f"viewed-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    engine.client("s3").put_object(Bucket=name, Key="in/a.csv", Body=b"1,2\n")
    return name


def allow(house: House) -> None:
    changed = house.api("alice").patch(API, {"viewers_read_data": True}, "application/json")
    assert changed.json()["viewers_read_data"] is True


def viewer_with_token(house: House) -> Client:
    _, secret = tokens.create(team=house.team, user=house.people["alice"], role=Role.VIEWER)
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}")


def test_viewers_read_nothing_by_default(real: House, bucket: str) -> None:
    page, uri = real.page("vera"), f"s3://{bucket}/in/a.csv"
    for path in (
        "/data/",
        "/data/engine/",
        f"/data/engine/?path={uri}",
        f"/data/engine/download/?path={uri}",
    ):
        answer = page.get(path)
        assert answer.status_code == 403, path
        assert "An admin can allow it" in answer.content.decode()
    for client in (real.api("vera"), viewer_with_token(real)):
        assert client.get(f"{API}browse/", {"path": f"s3://{bucket}/"}).status_code == 403
        assert client.get(f"{API}objects/", {"path": uri}).status_code == 403
    assert "/data/" not in {node.get("href") for node in Page(page.get("/")).all("a")}


def test_where_it_is_allowed_they_list_and_download_and_see_no_other_button(real: House, bucket: str) -> None:
    allow(real)
    page, folder = real.page("vera"), f"s3://{bucket}/in/"
    assert "/data/" in {node.get("href") for node in Page(page.get("/")).all("a")}
    assert f"s3://{bucket}/" in page.get("/data/").content.decode()
    listed = Page(page.get("/data/engine/", {"path": folder}))
    assert "a.csv" in listed.text
    actions = {node.get("action") for node in listed.all("form")} - {None}
    assert not {action for action in actions if action.startswith("/data/")}
    hrefs = {node.get("href") or "" for node in listed.all("a")}
    assert any(href.startswith("/data/engine/download/") for href in hrefs)
    forbidden = ("/jobs/new/", "/data/engine/delete/", "/data/engine/keys/", "/data/engine/convert/")
    assert not [href for href in hrefs if href.startswith(forbidden)]
    peeked = page.get("/data/engine/", {"path": folder, "peek": f"{folder}a.csv"})
    assert "/data/engine/download/" in peeked.content.decode()
    got = page.get("/data/engine/download/", {"path": f"{folder}a.csv"})
    assert b"".join(got.streaming_content) == b"1,2\n"  # type: ignore[attr-defined]
    for client in (real.api("vera"), viewer_with_token(real)):
        browsed = client.get(f"{API}browse/", {"path": folder}).json()
        assert [row["name"] for row in browsed["objects"]] == ["a.csv"]
        assert (
            b"".join(client.get(f"{API}objects/", {"path": f"{folder}a.csv"}).streaming_content) == b"1,2\n"
        )  # type: ignore[attr-defined]
        assert client.put(f"{API}objects/?path={folder}b.csv", b"", "text/csv").status_code == 403
        assert client.delete(f"{API}objects/?path={folder}a.csv").status_code == 403


def test_the_setting_opens_these_addresses_to_viewers_and_no_other(house: House) -> None:
    places = addresses(house, house.job(JobState.IN_PROGRESS))
    places = [place for place in places if place.route.startswith(("data", "api:connection", "api:objects"))]
    client = house.page("vera")

    def open_to_viewers() -> set[tuple[str, str]]:
        opened = set()
        for place in places:
            for method in METHODS[place.is_page]:
                if method in LEAST_ROLES[place.route] and LEAST_ROLES[place.route][method] != Role.VIEWER:
                    with undone():
                        if send(client, method, place).status_code != 403:
                            opened.add((method, place.route))
        return opened

    assert open_to_viewers() == set()
    Connection.objects.update(viewers_read_data=True)
    assert open_to_viewers() == {("GET", route) for route in READS}


def test_admins_alone_change_it_and_the_record_names_it(house: House) -> None:
    path = f"/api/v1/connections/{house.connection.slug}/"
    assert house.api("bob").patch(path, {"viewers_read_data": True}, "application/json").status_code == 403
    wrong = house.api("alice").patch(path, {"viewers_read_data": "yes"}, "application/json")
    assert wrong.json()["error"]["fields"]["viewers_read_data"] == ["It must be true or false."]
    house.api("alice").patch(path, {"viewers_read_data": True}, "application/json")
    act = Activity.objects.get(verb="connection.changed")
    assert act.changes["viewers_read_data"] == {"from": False, "to": True}
    assert (
        "list and download data"
        in house.page("vera").get(f"/connections/{house.connection.slug}/").content.decode()
    )


def test_another_teams_viewers_get_nothing_of_it(house: House, other_house: House) -> None:
    Connection.objects.filter(pk=house.connection.pk).update(viewers_read_data=True, slug="theirs")
    assert other_house.page("charlie").get("/data/theirs/").status_code == 404
    assert other_house.api("charlie").get("/api/v1/connections/theirs/browse/").status_code == 404
