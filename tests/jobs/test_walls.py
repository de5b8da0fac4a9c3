"""Teams never see each other, and roles hold: every address is walked by someone who must not pass."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.services.listing import saved_views
from jobs.states import JobState
from teams import tokens
from teams.models import Membership, Role
from tests.cast import House
from tests.support.addresses import addresses

pytestmark = pytest.mark.django_db
#: Trying a connection asks who we are on the other side and changes nothing, so a viewer may; a token is one's own,
#: and so is a view that is not shared, and a channel of one's own with its rules.
HARMLESS = (
    "/test/",
    "/team/tokens/",
    "/views/",
    "/views/engine/",
    "/channels/",
    "/channels/new/",
    "/notifications/rules/",
    "/notifications/browser/",
)


def test_another_teams_objects_are_not_found_at_any_address(house: House, other: House) -> None:
    # Both teams have a connection of the same slug, so a connection's address would find Charlie's own.
    house.connection.slug = "theirs"
    house.connection.save()
    job = house.job(JobState.COMPLETED)
    for client in (other.page("charlie"), other.api("charlie")):
        named = [found.path for found in addresses(house, job) if found.names_a_row]
        assert any(path.endswith(f"/{job.key}/") for path in named)
        for path in named:
            if client.defaults.get("HTTP_AUTHORIZATION") and not path.startswith("/api/"):
                continue
            # These name an object of the job, and ask for its key first.
            query = {"key": "x"} if path.endswith(("/outputs/preview/", "/outputs/download/")) else {}
            statuses = {client.get(path, query).status_code, client.post(path).status_code}
            assert statuses <= {404, 405}, path
            assert 404 in statuses, path


def test_lists_show_nothing_of_another_team(house: House, other: House) -> None:
    job = house.job(name="a-name-nobody-else-has")
    client = other.page("charlie")
    for found in addresses(house, job):
        path = found.path
        if not found.names_a_row:
            answer = client.get(path)
            if answer.status_code == 200 and not answer.streaming:
                assert b"a-name-nobody-else-has" not in answer.content, path


def test_no_address_answers_without_signing_in(house: House) -> None:
    job = house.job()
    for path in [found.path for found in addresses(house, job)]:
        answer = Client().get(path)
        assert answer.status_code in {302, 401, 405}, path
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith("/signin/"), path


def test_a_viewer_changes_nothing_at_any_address(house: House) -> None:
    job = house.job(JobState.IN_PROGRESS)
    for client in (house.page("vera"), house.api("vera")):
        for path in [found.path for found in addresses(house, job)]:
            if client.defaults.get("HTTP_AUTHORIZATION") and not path.startswith("/api/"):
                continue
            if not path.endswith(HARMLESS):
                assert client.post(path, {}, "application/json").status_code in {403, 405}, path
    job.refresh_from_db()
    assert job.stop_requested_at is None


def test_a_token_limited_to_viewer_writes_at_no_address_of_the_api(house: House) -> None:
    """Its owner is an admin; even what a viewer may keep, such as a view, is not its to make or delete."""
    job = house.job(JobState.IN_PROGRESS)
    view = saved_views.save(membership(house, "alice"), "mine", {"state": "failed"})
    _, secret = tokens.create(team=house.team, user=house.people["alice"], role=Role.VIEWER)
    client = Client(HTTP_AUTHORIZATION=f"Bearer {secret}")
    paths = [found.path for found in addresses(house, job) if not found.is_page]
    refused = 0
    for path in [*paths, f"/api/v1/views/{view.slug}/"]:
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(client, method)(path, {}, content_type="application/json")
            assert answer.status_code in {403, 405}, (method, path)
            if answer.status_code == 403:
                refused += 1
                assert "may only read" in answer.json()["error"]["message"], (method, path)
    assert refused >= 20
    assert client.get(f"/api/v1/views/{view.slug}/").status_code == 200
    job.refresh_from_db()
    assert job.stop_requested_at is None


def membership(house: House, name: str) -> Membership:
    return Membership.objects.get(team=house.team, user=house.people[name])
