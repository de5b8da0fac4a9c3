"""Two people edit one thing: the later one sees that it was changed before their values replace it."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Preset
from jobs.services.submitting import presets
from tests.cast import House
from tests.support.html import Page

pytestmark = pytest.mark.django_db
CHANGED = "Somebody changed this while you were editing it."


def values_of(answer: Any) -> dict[str, str]:
    """What the page's form would send if nothing was typed."""
    page = Page(answer)
    (form,) = [node for node in page.all("form") if page.all_below(node, "textarea")]
    values = {
        node.get("name"): node.get("value")
        for node in page.all_below(form, "input")
        if node.get("type") not in ("checkbox", "submit") or "checked" in node.attributes
    }
    values |= {node.get("name"): node.text for node in page.all_below(form, "textarea")}
    return {name: value for name, value in values.items() if name}


def test_a_restriction_of_a_connection_is_not_lifted_by_a_form_that_was_opened_before(house: House) -> None:
    admin, path = house.page("alice"), f"/connections/{house.connection.slug}/"
    values = values_of(admin.get(path))
    house.connection.allowed_places = ["s3://samples/"]
    house.connection.save()
    answer = admin.post(path, {**values, "max_running": "7"})
    assert answer.status_code == 400
    assert CHANGED in Page(answer).text
    house.connection.refresh_from_db()
    assert (house.connection.allowed_places, house.connection.max_running) != ([], 7)
    assert house.connection.allowed_places == ["s3://samples/"]

    again = admin.post(path, values_of(answer) | {"allowed_places": "s3://samples/"})
    assert again.status_code == 302
    house.connection.refresh_from_db()
    assert (house.connection.allowed_places, house.connection.max_running) == (["s3://samples/"], 7)


def test_a_form_of_a_preset_that_was_opened_before_a_change_replaces_nothing_unseen(house: House) -> None:
    alice = house.people["alice"]
    preset = presets.create(house.team, by=alice, name="nightly", description="", body={}, rules={})
    path = f"/presets/{preset.slug}/edit/"
    values = values_of(house.page("alice").get(path))
    presets.change(preset, {"description": "for the night"}, by=alice)
    answer = house.page("alice").post(path, {**values, "preset_name": "daily"})
    assert CHANGED in Page(answer).text
    saved_preset = Preset.objects.get(pk=preset.pk)
    assert (saved_preset.name, saved_preset.description) == ("nightly", "for the night")

    again = house.page("alice").post(path, values_of(answer) | {"preset_description": "for the night"})
    assert again.status_code == 302
    saved_preset.refresh_from_db()
    assert (saved_preset.name, saved_preset.description) == ("daily", "for the night")
