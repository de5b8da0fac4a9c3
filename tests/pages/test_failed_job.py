"""A failed job's page tells why: SageMaker's reason, and what its data log says, without a search for it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from jobs.states import JobState
from tests.cast import House, make_house
from tests.engine.conftest import serving_engine
from tests.engine.transforms import Transform, container, transform
from tests.support.engine import EngineProcess
from tests.support.html import Node, Page

__all__ = ["serving_engine"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def serving(db: None, serving_engine: EngineProcess, settings: Any, engine_keys: Any) -> House:
    """Alice's team, connected to the engine that has the tests' own model server."""
    settings.ENGINE_URL = serving_engine.url
    settings.ENGINE_CREDENTIALS = serving_engine.data_dir / "credentials.json"
    return make_house("first", {"alice": "admin"}, serving_engine.url)


def dashboard_job(house: House, remote: Transform) -> TransformJob:
    """The dashboard's row of a job that failed in the engine."""
    reason = remote.failed()
    return house.job(JobState.FAILED, name=remote.name, state_reason=reason, accepted_at=timezone.now())


def place(house: House, job: TransformJob) -> Node:
    """Where the overview puts what it fetches by itself."""
    overview = Page(house.page("alice").get(f"/jobs/{job.key}/"))
    (part,) = [node for node in overview.all() if node.get("hx-trigger") == "load"]
    return part


def panel(house: House, job: TransformJob) -> Page:
    """What the overview fetches by itself."""
    where = place(house, job).get("hx-get")
    answer = house.page("alice").get(where, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return Page(answer)


def test_the_first_errors_of_the_data_log_are_shown(serving: House, serving_engine: EngineProcess) -> None:
    remote = transform(serving_engine, {"1": b"a\n", "2": b"bad\n"})
    job = dashboard_job(serving, remote)
    lines = [node.text for node in panel(serving, job).of_class("tx")]
    assert lines[0] == f"transforms/{remote.name}/in/2: ClientError: 400"
    assert not [line for line in lines if "MaxConcurrentTransforms" in line or "[sagemaker logs]" in line]


def test_errors_of_a_later_instance_are_found(serving: House, serving_engine: EngineProcess) -> None:
    job = dashboard_job(serving, transform(serving_engine, {"1": b"a", "2": b"b", "3": b"bad"}, instances=3))
    assert "ClientError: 400" in panel(serving, job).by_id("errors").text


def test_few_lines_are_shown_of_many(serving: House, serving_engine: EngineProcess) -> None:
    job = dashboard_job(serving, transform(serving_engine, {str(number): b"bad" for number in range(20)}))
    assert len(panel(serving, job).of_class("tx")) == 12


def test_a_container_that_never_answered_leaves_a_link_to_what_it_said(
    serving: House, serving_engine: EngineProcess
) -> None:
    failing = container(serving_engine, END_AT_START="1")
    job = dashboard_job(serving, transform(serving_engine, {"1": b"a"}, containers=[failing]))
    page = panel(serving, job)
    assert f"/jobs/{job.key}/logs/" in page.links()


def test_without_scripts_the_link_opens_the_data_log(serving: House, serving_engine: EngineProcess) -> None:
    job = dashboard_job(serving, transform(serving_engine, {"1": b"bad"}))
    client = serving.page("alice")
    (link,) = Page.all_below(place(serving, job), "a")
    answer = client.get(link.get("href"))
    assert answer.status_code == 200
    assert "ClientError: 400" in Page(answer).all("ol")[0].text
    assert client.get(f"/jobs/{job.key}/errors/").headers["Location"] == f"/jobs/{job.key}/logs/"
    assert client.get(f"/jobs/{job.key}/logs/?stream=nowhere").status_code == 404


def test_an_engine_that_is_away_is_named(house: House) -> None:
    job = house.job(JobState.FAILED, accepted_at=timezone.now())
    assert "cannot be reached" in panel(house, job).by_id("errors").text


@pytest.mark.parametrize("state", [state for state in JobState if state != JobState.FAILED])
def test_only_a_failed_jobs_page_asks_for_errors(house: House, state: JobState) -> None:
    page = Page(house.page("alice").get(f"/jobs/{house.job(state).key}/"))
    assert not [node for node in page.all() if node.get("hx-trigger") == "load"]


def test_no_list_reads_a_log(house: House) -> None:
    house.job(JobState.FAILED, accepted_at=timezone.now())
    for path in ("/", "/jobs/"):
        assert "/errors/" not in house.page("alice").get(path).content.decode()
    house.connection.refresh_from_db()
    assert house.connection.last_error == ""
