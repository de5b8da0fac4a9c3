"""The pages about schedules, as the people of two teams see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from jobs.models import TransformJob
from schedules.lifecycle import starting
from schedules.models import Schedule, ScheduledRun
from schedules.services import scheduling
from schedules.states import RunState
from tests.cast import House
from tests.schedules.conftest import OUTPUT, whole_preset
from tests.support.questions import sent

pytestmark = pytest.mark.django_db
Make = Callable[..., Schedule]
FORM: dict[str, Any] = {
    "name": "Mornings",
    "preset": "nightly",
    "expression": "cron(0 6 * * ? *)",
    "timezone": "Europe/Berlin",
    "overlap": "skip",
    "catch_up": "latest",
    "output_path": OUTPUT,
}


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_empty_list_says_what_a_schedule_is(house: House) -> None:
    answer = text(house.page("bob").get("/schedules/"))
    assert "No schedule yet. A schedule runs a preset by itself" in answer
    assert "Make the first one" in answer
    assert "Make the first one" not in text(house.page("vera").get("/schedules/"))


def test_a_presets_page_leads_to_a_form_that_begins_with_it(house: House) -> None:
    whole_preset(house)
    page = house.page("bob")
    assert "/schedules/new/?preset=nightly" in text(page.get("/presets/nightly/"))
    form = text(page.get("/schedules/new/?preset=nightly"))
    assert '<option value="nightly" selected>' in form
    assert "s3://bucket/out/{run}/" in form


def test_a_schedule_is_made_of_the_form(house: House) -> None:
    whole_preset(house)
    answer = house.page("bob").post("/schedules/new/", FORM, follow=True)
    schedule = Schedule.objects.get()
    assert answer.redirect_chain == [("/schedules/mornings/", 302)]
    assert (schedule.preset, schedule.timezone, schedule.changed_by) == (
        house.preset,
        "Europe/Berlin",
        house.people["bob"],
    )
    assert schedule.next_run_at > timezone.now()
    page_text = text(answer)
    assert "If the run before has not ended: skip this time." in page_text
    assert "If times passed while Batchdeck did not run: run the latest of them once." in page_text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"expression": "every day"}, "&#x27;every day&#x27; is not a schedule expression"),
        ({"expression": "at(2020-01-01T00:00:00)"}, "has no time from now on"),
        ({"timezone": "Mars/Olympus"}, "&#x27;Mars/Olympus&#x27; is no time zone"),
        ({"output_path": "s3://bucket/{day}/"}, "{day} is no placeholder"),
        ({"output_path": "s3://bucket/out/"}, "would both write to s3://bucket/out/"),
        ({"output_path": "bucket/out/{run}"}, "s3://"),
        ({"incremental": "on", "overlap": "run"}, "two runs would take the same"),
        ({"incremental": "on", "output_path": "s3://bucket/in/out/{run}/"}, "must not be below the input"),
        ({"name": ""}, "It must be 1 to 80 characters."),
        ({"preset": ""}, "the slug of one of the team"),
        ({"start_at": "2030-01-02T00:00", "end_at": "2030-01-01T00:00"}, "It must be after start_at."),
        ({"start_at": "tomorrow"}, "It must be a date and a time"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field_and_nothing_is_saved(
    house: House, changes: dict[str, str], named: str
) -> None:
    whole_preset(house)
    page = house.page("bob")
    answer = page.post("/schedules/new/", {**FORM, **changes})
    assert answer.status_code == 400
    assert named in text(answer)
    assert not Schedule.objects.exists()
    while_typed = page.post("/schedules/times/", {**FORM, **changes})
    assert while_typed.status_code == 200
    assert not Schedule.objects.exists()
    if changes.get("name") != "" and changes.get("preset") != "":
        assert named in text(while_typed)


def test_the_next_five_runs_are_told_while_the_form_is_typed(house: House) -> None:
    whole_preset(house)
    answer = text(house.page("bob").post("/schedules/times/", FORM))
    assert answer.count("06:00 CE") == 5
    assert answer.count("s3://bucket/in/") == 5
    assert not Schedule.objects.exists()


def test_times_are_told_although_a_path_is_wrong(house: House) -> None:
    whole_preset(house)
    answer = text(house.page("bob").post("/schedules/times/", {**FORM, "data": "s3://bucket/{nope}/"}))
    assert answer.count("06:00 CE") == 5
    assert 'id="id_data-error-1"' in answer


def test_an_empty_form_is_not_called_wrong_before_anything_is_typed(house: House) -> None:
    answer = text(house.page("bob").post("/schedules/times/", {"timezone": "UTC"}))
    assert "error-1" not in answer


def test_a_bound_is_a_time_of_the_schedules_zone(house: House) -> None:
    whole_preset(house)
    house.page("bob").post("/schedules/new/", {**FORM, "start_at": "2030-07-01T00:00"})
    schedule = Schedule.objects.get()
    assert schedule.start_at.isoformat() == "2030-06-30T22:00:00+00:00"
    assert "2030-07-01T00:00" in text(house.page("bob").get("/schedules/mornings/edit/"))


def test_a_schedule_is_changed_by_its_form_and_runs_for_whoever_changed_it(
    make_schedule: Make, house: House
) -> None:
    schedule = make_schedule(by="bob")
    house.page("alice").post(f"/schedules/{schedule.slug}/edit/", {**FORM, "name": "Evenings"})
    schedule.refresh_from_db()
    assert (schedule.name, schedule.slug) == ("Evenings", "nightly")
    assert schedule.changed_by == house.people["alice"]


def test_a_form_that_was_opened_before_another_change_is_refused(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    page = house.page("bob")
    opened = page.get(f"/schedules/{schedule.slug}/edit/").context["form"].version
    scheduling.change(schedule, {"name": "Theirs"}, by=house.people["alice"])
    answer = page.post(f"/schedules/{schedule.slug}/edit/", {**FORM, "version": opened})
    assert answer.status_code == 400
    assert "Somebody changed this while you were editing it" in text(answer)
    schedule.refresh_from_db()
    assert schedule.name == "Theirs"


def test_a_schedule_is_paused_resumed_and_run_from_its_page(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    page, address = house.page("alice"), f"/schedules/{schedule.slug}"
    assert "is paused" in text(page.post(f"{address}/pause/", follow=True))
    assert "None while it is paused" in text(page.get(f"{address}/"))
    assert "was paused already" in text(page.post(f"{address}/pause/", follow=True))
    assert "runs again, for you" in text(page.post(f"{address}/resume/", follow=True))
    assert "runs once more, for you" in text(page.post(f"{address}/run/", follow=True))
    run = ScheduledRun.objects.get()
    assert run.asked_by == house.people["alice"]
    starting.start(run.pk)
    page_text = text(page.get(f"{address}/"))
    assert TransformJob.objects.get().name in page_text
    assert "run now, by alice" in page_text


def test_pressing_run_now_twice_runs_once(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    page = house.page("bob")
    for _ in range(2):
        page.post(f"/schedules/{schedule.slug}/run/", {"form_key": "a-key-of-this-form"})
    assert ScheduledRun.objects.count() == 1


def test_deleting_asks_and_names_what_is_lost(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="bob")
    ScheduledRun.objects.create(schedule=schedule, due_at=timezone.now(), state=RunState.MISSED)
    page = house.page("bob")
    question = page.get(f"/schedules/{schedule.slug}/delete/")
    assert "Delete the schedule Nightly, made by you?" in text(question)
    assert "the record of what became of its times is lost" in text(question)
    page.post(f"/schedules/{schedule.slug}/delete/", sent(question))
    assert not Schedule.objects.exists()


def test_deleting_a_preset_names_the_schedules_that_run_it(make_schedule: Make, house: House) -> None:
    make_schedule()
    question = text(house.page("bob").get("/presets/nightly/delete/"))
    assert "Schedules that run it, and pause" in question


def test_an_operator_does_not_delete_the_schedule_of_another(make_schedule: Make, house: House) -> None:
    schedule = make_schedule(by="alice")
    assert house.page("bob").post(f"/schedules/{schedule.slug}/delete/").status_code == 403
    assert house.page("bob").post(f"/schedules/{schedule.slug}/pause/").status_code == 302


def test_a_viewer_sees_schedules_and_changes_none(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    page, address = house.page("vera"), f"/schedules/{schedule.slug}"
    assert page.get("/schedules/").status_code == page.get(f"{address}/").status_code == 200
    assert "Run now" not in text(page.get(f"{address}/"))
    for act in ("pause", "resume", "run", "delete", "edit"):
        assert page.post(f"{address}/{act}/").status_code == 403
    assert page.get("/schedules/new/").status_code == 403
    schedule.refresh_from_db()
    assert not schedule.is_paused


def test_another_teams_schedule_is_not_found(make_schedule: Make, other_house: House) -> None:
    schedule = make_schedule()
    page = other_house.page("charlie")
    for act in ("", "runs/", "edit/", "delete/"):
        assert page.get(f"/schedules/{schedule.slug}/{act}").status_code == 404
    assert page.get("/schedules/new/?preset=nightly").status_code == 404
    assert schedule.name not in text(page.get("/schedules/"))


def test_what_comes_next_is_listed_by_day_and_the_frequent_apart(make_schedule: Make, house: House) -> None:
    make_schedule(name="Daily one")
    make_schedule(name="Each minute", expression="rate(1 minute)")
    paused = make_schedule(name="Paused one")
    scheduling.pause(paused, by=house.people["bob"])
    answer = text(house.page("vera").get("/schedules/next/"))
    assert answer.count("Daily one") == 7
    assert answer.count("Each minute") == 1
    assert "Paused one" not in answer


def test_the_list_tells_the_last_run_and_why_a_schedule_cannot_run(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    ScheduledRun.objects.create(
        schedule=schedule, due_at=timezone.now(), state=RunState.MISSED, reason="Down."
    )
    house.preset.delete()
    answer = text(house.page("bob").get("/schedules/"))
    assert "Missed" in answer
    assert "Its preset was deleted." in answer


def test_older_runs_are_on_further_pages(make_schedule: Make, house: House) -> None:
    schedule = make_schedule()
    start = timezone.now()
    for number in range(30):
        at = start.replace(microsecond=number)
        ScheduledRun.objects.create(
            schedule=schedule, due_at=at, state=RunState.SKIPPED, reason=f"Reason {number}."
        )
    page = house.page("bob")
    first = page.get(f"/schedules/{schedule.slug}/")
    assert "Reason 29." in text(first)
    assert "Reason 4." not in text(first)
    older = page.get(f"/schedules/{schedule.slug}/?before={first.context['older']}")
    assert "Reason 4." in text(older)
