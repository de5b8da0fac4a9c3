"""Names that could be mistaken for others, or that turn the text around them, are refused wherever people give them."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.models import Deployment
from jobs.models import Connection, Preset
from jobs.services.errors import InvalidFields
from notifications.models import Channel
from results import output_checks
from results.output_checks import CheckFields
from results.services import name_columns
from schedules.models import Schedule
from teams.models import ApiToken, Team
from teams.names import trouble_with_name
from tests.cast import House
from tests.deployments.test_pages import body

pytestmark = pytest.mark.django_db
#: What turns text around, what is not seen, ends of lines, control characters.
HOSTILE = (
    "prod\u202egnp",
    "pro\u200bd",
    "a\u2066b",
    "a\nb",
    "a\u2028b",
    "a\x1b[31m",
    "a\x7fb",
    "\ufeffa\u00adb",
)


@pytest.mark.parametrize(
    "name",
    [
        "Ana's jobs",
        "\u0646\u0627\u0645\u200c\u0647\u0627",
        "\U0001f469\u200d\U0001f4bb models",
        "日本 1",
        "x" * 80,
    ],
)
def test_names_of_all_scripts_are_fine(name: str) -> None:
    assert trouble_with_name(name) == ""


@pytest.mark.parametrize("name", HOSTILE)
def test_names_by_the_api(house: House, name: str) -> None:
    api = house.api("alice")
    preset = {"name": name, "body": {"content_type": "text/csv"}}
    assert api.post("/api/v1/presets/", {**preset, "name": "Fine"}, "application/json").status_code == 201
    schedule = {"name": name, "preset": "fine", "expression": "rate(1 day)"}
    channel = {"name": name, "kind": "webhook", "address": "https://example.com/"}
    stages = [{**body()["stages"][0], "name": name}]
    bodies: tuple[tuple[str, dict[str, Any]], ...] = (
        ("presets", preset),
        ("schedules", schedule),
        ("notifications/channels", channel),
        ("deployments", body(name=name)),
        ("deployments", body(stages=stages)),
        ("views", {"name": name, "query": ""}),
    )
    for path, values in bodies:
        answer = api.post(f"/api/v1/{path}/", values, "application/json")
        assert answer.status_code == 400, (path, answer.content)
    connection = Connection.objects.for_team(house.team).get(slug="engine")
    changed = api.patch(f"/api/v1/connections/{connection.slug}/", {"name": name}, "application/json")
    assert changed.status_code == 400, changed.content
    assert Preset.objects.count() == 1
    assert not any(model.objects.exists() for model in (Schedule, Channel, Deployment))


@pytest.mark.parametrize("name", HOSTILE)
def test_names_by_the_pages(house: House, name: str) -> None:
    page = house.page("alice")
    assert page.post("/team/tokens/", {"name": name, "role": "viewer", "days": "30"}).status_code == 400
    page.post("/team/rename/", {"name": name})
    assert page.post("/account/", {"name": name, "email": "", "password": ""}).status_code == 400
    assert not ApiToken.objects.filter(name=name.strip()).exists()
    assert not Team.objects.filter(name=name.strip()).exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_columns_and_of_what_checks_look_at(house: House, name: str) -> None:
    job, alice = house.job(), house.people["alice"]
    with pytest.raises(InvalidFields):
        name_columns(job, inputs="", outputs=f"score,{name}", by=alice)
    check_fields = CheckFields(measure="range", column=name, low="0", high="1")
    with pytest.raises(InvalidFields) as caught:
        output_checks.add(job.connection, job.model_name, check_fields, by=alice)
    assert set(caught.value.fields) == {"column"}
