"""The people and rows that tests of the dashboard know: two teams that must never see each other.

Alice is admin, Bob operator and Vera viewer of the first team; Charlie is admin of the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.utils import timezone

from jobs.models import Connection, Preset, RegisteredModel, TransformJob
from jobs.states import JobState
from schedules.models import Schedule
from teams import tokens
from teams.models import Membership, Role, Team, User
from transform.spec import TransformSpec

FIELDS: dict[str, Any] = {
    "data": "s3://bucket/in/",
    "output_path": "s3://bucket/out/",
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "content_type": "text/csv",
    "split_type": "Line",
    "assemble_with": "Line",
}


@dataclass
class House:
    """One team with a connection, a model and its people."""

    team: Team
    people: dict[str, User]
    connection: Connection
    model: RegisteredModel

    def bearer(self, name: str) -> dict[str, str]:
        """The header of a new token of this person."""
        return {"HTTP_AUTHORIZATION": f"Bearer {tokens.create(team=self.team, user=self.people[name])[1]}"}

    def api(self, name: str) -> Client:
        """A client that sends this person's token."""
        return Client(**self.bearer(name))  # type: ignore[arg-type]

    def page(self, name: str) -> Client:
        """A browser in which this person is signed in."""
        client = Client()
        client.force_login(self.people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    @property
    def preset(self) -> Preset:
        """A preset of the team, with one locked field; made when it is first asked for."""
        fields = {**FIELDS, "model": self.model.name, "connection": self.connection.slug}
        preset, _ = Preset.objects.get_or_create(
            team=self.team,
            slug="nightly",
            defaults={
                "name": "Nightly scoring",
                "model": self.model,
                "body": {name: value for name, value in fields.items() if name != "output_path"},
                "rules": {"instance_type": "locked"},
                "created_by": self.people.get("bob"),
            },
        )
        return preset

    @property
    def schedule(self) -> Schedule:
        """A paused schedule of the team's preset; made when it is first asked for."""
        schedule, _ = Schedule.objects.get_or_create(
            team=self.team,
            slug="mornings",
            defaults={
                "name": "Mornings",
                "preset": self.preset,
                "expression": "cron(0 6 * * ? *)",
                "output_path": "s3://bucket/out/{run}/",
                "paused_at": timezone.now(),
                "created_by": self.people.get("bob"),
                "changed_by": self.people.get("bob"),
            },
        )
        return schedule

    def job(self, state: JobState = JobState.WAITING, **fields: Any) -> TransformJob:
        """A job of the team, as if submitted."""
        values: dict[str, Any] = {
            "team": self.team,
            "connection": self.connection,
            "model": self.model,
            "model_name": self.model.name,
            "name": f"job-{TransformJob.objects.count()}",
            "spec": TransformSpec.from_fields({"model_name": self.model.name, **FIELDS}).to_fields(),
            "instance_type": FIELDS["instance_type"],
            "instance_count": FIELDS["instance_count"],
            "submitted_by": next(iter(self.people.values())),
            "state": state,
        }
        if state in {JobState.IN_PROGRESS, JobState.STOPPING, JobState.COMPLETED}:
            values["accepted_at"] = timezone.now()
        return TransformJob.objects.create(**(values | fields))


def make_house(slug: str, people: dict[str, Role], endpoint: str = "http://127.0.0.1:9") -> House:
    """A team with these people and a connection to `endpoint`, at which by default nobody listens."""
    team = Team.objects.create(name=slug.title(), slug=slug)
    users = {name: User.objects.create_user(name) for name in people}
    for name, role in people.items():
        Membership.objects.create(team=team, user=users[name], role=role)
    connection = Connection.objects.create(
        team=team,
        slug="engine",
        name="Engine",
        kind=Connection.Kind.ENGINE,
        endpoint_url=endpoint,
        # All tests share one engine: each would show the jobs of every other.
        import_external=False,
    )
    model = RegisteredModel.objects.create(
        team=team,
        connection=connection,
        name="churn",
        containers=[{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
    )
    return House(team=team, people=users, connection=connection, model=model)
