"""Teams never see each other, and roles hold: every address is walked by someone who must not pass."""

from __future__ import annotations

import pytest
from django.test import Client

from jobs.states import JobState
from tests.cast import House
from tests.support.addresses import addresses

pytestmark = pytest.mark.django_db
#: Trying a connection asks who we are on the other side and changes nothing, so a viewer may; a token is one's own,
#: and so is a view that is not shared.
HARMLESS = ("/test/", "/team/tokens/", "/views/", "/views/engine/")


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
            statuses = {client.get(path).status_code, client.post(path).status_code}
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
