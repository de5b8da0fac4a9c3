"""A page's number of SQL queries does not grow with what it shows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import (
    Connection,
    ContainerImage,
    JobEvent,
    PlannedObject,
    Preset,
    RegisteredModel,
    TransformJob,
)
from jobs.states import JobState
from teams.models import Membership, Team, User
from tests.cast import House
from tests.pages.polls import poll, settled

pytestmark = pytest.mark.django_db
#: Few rows are a page of each list already: a list that is shorter is counted without a query.
FEW, MANY = 26, 60


def grow(house: House, start: int, end: int) -> None:
    """Rows of every kind that a page lists, each with its own model, submitter and connection."""
    subject = TransformJob.objects.filter(name="subject").get()
    for number in range(start, end):
        connection = Connection.objects.create(
            team=house.team, slug=f"c{number}", name=f"C{number}", kind="aws", region=f"eu-west-{number}"
        )
        model = RegisteredModel.objects.create(
            team=house.team,
            connection=connection,
            name=f"m{number}",
            containers=[{"Image": "image:1"}],
            registered_by=User.objects.create_user(f"person-{number}"),
        )
        for state in (JobState.IN_PROGRESS, JobState.FAILED):
            values = {"connection": connection, "model_name": model.name, "submitted_by": model.registered_by}
            # A job that runs has a meter, and so a price.
            values["started_at"] = timezone.now()
            house.job(state, model=model, **values)
            house.job(state, model=house.model, **values, **house.preset.as_used())
        Preset.objects.create(
            team=house.team, slug=f"p{number}", name=f"P{number}", model=model, created_by=model.registered_by
        )
        JobEvent.objects.create(job=subject, to_state=subject.state, by=model.registered_by)
        PlannedObject.objects.create(
            job=subject, position=number, key=f"in/{number}", output_key=f"out/{number}.out", size=1
        )
        ContainerImage.objects.create(
            framework=f"f{number}", version="1", region=connection.region, uri=f"image:{number}"
        )
        team = Team.objects.create(name=f"Team {number}", slug=f"team-{number}")
        Membership.objects.create(team=team, user=house.people["alice"], role="viewer")


def queries_of(client: Any, path: str) -> list[str]:
    with CaptureQueriesContext(database) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


PATHS = [
    "/",
    "/jobs/",
    "/jobs/?state=active",
    "/jobs/?group=cause",
    "/jobs/?attention=true&ended=7d&cols=cause,tags,connection,instance",
    "/jobs/?connection=c1&model=m1&name=job",
    "/jobs/?owner=alice&cause=unknown&since=1d&path=s3://bucket/in&text=job&instance_type=ml.m5.large",
    "/jobs/?tag=x&sort=-duration",
    "/jobs/{job}/",
    "/jobs/{job}/files/",
    "/jobs/{job}/files/?only=missing&search=in&sort=-size",
    "/jobs/{job}/request/",
    "/jobs/{job}/activity/",
    "/jobs/new/",
    "/jobs/new/?as=json",
    "/browse/?model={model}&path=s3://bucket/in/",
    "/models/",
    "/models/{model}/",
    "/models/new/",
    "/presets/",
    "/presets/nightly/",
    "/jobs/new/?preset=nightly",
    "/connections/",
    "/connections/c1/prices/",
    "/costs/",
    "/costs/?by=model",
]


def test_every_page_needs_the_same_queries_for_few_rows_and_for_many(house: House) -> None:
    job = house.job(JobState.FAILED, name="subject", **house.preset.as_used())
    client = house.page("alice")
    paths = [path.format(job=job.key, model=house.model.pk) for path in PATHS]
    grow(house, 0, FEW)
    # The first visit of a browser writes its session down.
    client.get("/")
    few = {path: queries_of(client, path) for path in paths}
    grow(house, FEW, MANY)
    many = {path: queries_of(client, path) for path in paths}
    assert {path: len(queries) for path, queries in many.items()} == {
        path: len(queries) for path, queries in few.items()
    }
    assert max(len(queries) for queries in many.values()) <= 23


def test_a_poll_that_is_answered_304_reads_little(house: House) -> None:
    house.job(JobState.COMPLETED)
    client = house.page("alice")
    etag = settled(client, "/jobs/")
    with CaptureQueriesContext(database) as captured:
        poll(client, "/jobs/", etag)
    assert len(captured) <= 6
