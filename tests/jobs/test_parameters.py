"""Query words: what an address declares is accepted, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.api.filters import JobFilterQuery
from jobs.filtering import JobFilter
from jobs.states import JobState
from tests.cast import House
from tests.support.addresses import addresses
from tests.support.answers import document

pytestmark = pytest.mark.django_db


def problems(client: Client, address: str) -> dict[str, list[str]]:
    answer = client.get(address)
    assert answer.status_code == 400, (address, answer.status_code)
    texts_by_field: dict[str, list[str]] = answer.json()["error"]["fields"]
    return texts_by_field


def test_every_address_of_the_api_refuses_a_word_that_it_does_not_declare(house: House) -> None:
    client, job = house.api("alice"), house.job(JobState.COMPLETED)
    declared = {
        path: {item["name"] for item in operations["get"].get("parameters", []) if item["in"] == "query"}
        for path, operations in document()["paths"].items()
        if "get" in operations
    }
    assert len(declared) > 20
    request_count = 0
    for address in addresses(house, job):
        if not address.path.startswith("/api/"):
            continue
        for word in ("stat", "format", "page_size"):
            answer = client.get(f"{address.path}?{word}=FAILED")
            if answer.status_code in (404, 405):
                continue
            request_count += 1
            assert answer.status_code == 400, address.path
            assert word in answer.json()["error"]["fields"], address.path
    assert request_count >= 3 * 20


def test_the_refusal_names_the_words_that_there_are(house: House) -> None:
    client = house.api("vera")
    assert problems(client, "/api/v1/activity/?persn=bob") == {
        "persn": [
            "It is no parameter here; there are before, after, limit, person, verb, kind, object, token, address, "
            "request_id, since, until."
        ]
    }
    assert problems(client, "/api/v1/members/?role=admin") == {
        "role": ["It is no parameter here; there are before, after, limit."]
    }
    assert problems(client, "/api/v1/me/?role=admin") == {
        "role": ["It is no parameter here; there are none."]
    }
    sentence = problems(client, "/api/v1/jobs/?stat=FAILED")["stat"][0]
    assert all(name in sentence for name in (*JobFilter.names(), "q", "sort", "limit"))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("jobs/?limit=0", "limit"),
        ("jobs/?limit=201", "limit"),
        ("jobs/?limit=x", "limit"),
        ("jobs/?before=-1", "before"),
        ("jobs/?before=99999999999999999999", "before"),
        ("jobs/?sort=colour", "sort"),
        ("jobs/?cause=nonsense", "cause"),
        ("jobs/?state=failed&state=stopped", "state"),
        ("jobs/?since=yesterday", "since"),
        ("jobs/?name=%00", "name"),
        ("jobs/causes/?archived=some", "archived"),
        ("jobs/{}/files/?only=nonsense", "only"),
        ("jobs/{}/files/?after=x", "after"),
        ("jobs/{}/logs/?errors=perhaps", "errors"),
        ("jobs/{}/logs/?at=1-1&token=1-1", "at"),
        ("jobs/{}/records/?from=0", "from"),
        ("jobs/{}/records/?limit=1000000", "limit"),
        ("jobs/{}/outputs/preview/", "key"),
        ("jobs/{}/outputs/download/?key=", "key"),
        ("costs/?from=2026", "from"),
        ("costs/?by=colour", "by"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_under_its_name(house: House, address: str, name: str) -> None:
    job = house.job(JobState.COMPLETED)
    texts_by_name = problems(house.api("vera"), f"/api/v1/{address.format(job.key)}")
    assert set(texts_by_name) == {name}
    assert all(text.endswith(".") for text in texts_by_name[name])


def test_a_word_is_refused_where_something_is_done_too(house: House) -> None:
    job = house.job(JobState.WAITING)
    answer = house.api("bob").post(f"/api/v1/jobs/{job.key}/stop/?force=true")
    assert answer.status_code == 400
    job.refresh_from_db()
    assert job.state == JobState.WAITING


def test_each_filter_is_declared_with_what_it_keeps() -> None:
    fields = JobFilterQuery().fields
    assert set(fields) == {*JobFilter.names(), "q"}
    assert all(field.help_text for field in fields.values())


def test_causes_take_the_search_boxs_words_as_the_list_does(house: House) -> None:
    house.job(JobState.FAILED, model_name="other", cause="unknown")
    client = house.api("vera")
    assert [row["count"] for row in client.get("/api/v1/jobs/causes/?q=model:other").json()["results"]] == [1]
    assert client.get("/api/v1/jobs/causes/?q=model:churn").json()["results"] == []


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("/jobs/export.csv?q=status:foo", "state"),
        ("/jobs/export.csv?q=colour:red", "colour"),
        ("/jobs/export.csv?state=foo", "state"),
        ("/jobs/export.csv?foo=bar", "foo"),
        ("/jobs/export.csv?cols=foo", "cols"),
        ("/jobs/export.csv?sort=foo", "sort"),
        ("/jobs/{}/files/export.csv?only=foo", "only"),
        ("/jobs/{}/files/export.csv?foo=bar", "foo"),
        ("/jobs/{}/logs/text/?foo=bar", "foo"),
        ("/team/activity.csv?foo=bar", "foo"),
    ],
)
def test_an_export_of_a_word_that_it_does_not_know_is_refused(house: House, address: str, word: str) -> None:
    job = house.job(JobState.COMPLETED)
    answer: Any = house.page("alice").get(address.format(job.key))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.content.decode().startswith(f"{word}: ")


def test_an_export_takes_what_the_search_box_takes(house: House) -> None:
    done, _ = house.job(JobState.COMPLETED), house.job(JobState.FAILED)
    answer: Any = house.page("vera").get('/jobs/export.csv?q=status:completed model:"churn"')
    assert answer.status_code == 200
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", done.key]


def test_a_method_that_there_is_not_is_a_405_whatever_the_query(house: House) -> None:
    assert house.api("alice").generic("TRACE", "/api/v1/jobs/?limit=1").status_code == 405
    assert house.api("alice").delete("/api/v1/jobs/?limit=1").status_code == 405
