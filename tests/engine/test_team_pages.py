"""Pages of lists that a team's key reads: they are cut over the team's own things, and tokens name nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.store import Store
from tests.engine.resources import BUCKET, create_model, job_request, put, unique
from tests.engine.team_keys import Client, client_of, make_key
from tests.engine.transforms import Transform
from tests.support.engine import EngineProcess

#: As many as a page of ListMetrics has, and one more.
METRICS = [f"M{number:03}" for number in range(501)]


@pytest.fixture(scope="module")
def team(engine: EngineProcess) -> str:
    """A key for models and jobs named `TEAM-…` and, in full, `TEAMx`."""
    name = unique("team")
    put(engine, "any")
    arguments = ("--s3", f"s3://{BUCKET}/{name}/", "--names", f"{name}-*", "--names", f"{name}x")
    assert make_key(engine, name, *arguments).returncode == 0
    return name


@pytest.fixture(scope="module")
def names(engine: EngineProcess, team: str) -> dict[bool, list[str]]:
    """Models in turn of the team (True) and of others (False), each with a finished job of its name."""
    own = [f"{team}-1", f"{team}-2", f"{team}x"]
    foreign = [f"a-{team}-secret", team, f"{team}y-secret", f"z-{team}-secret"]
    sagemaker, data = engine.client("sagemaker"), put(engine, "in/1.csv")
    for name in (foreign[0], own[0], foreign[1], foreign[2], own[1], own[2], foreign[3]):
        create_model(engine, name)
        sagemaker.create_transform_job(**job_request(name, data, name))
    for name in own + foreign:
        Transform(engine, name).failed()
    return {True: own, False: foreign}


@pytest.fixture
def ours(engine: EngineProcess, team: str) -> Client:
    return client_of(engine, team)


def pages(call: Any, **filters: Any) -> Iterator[dict[str, Any]]:
    """Every page of a listing."""
    page = call(**filters)
    yield page
    while token := page.get("NextToken"):
        page = call(**filters, NextToken=token)
        yield page


def position(page: dict[str, Any]) -> list[Any]:
    """What is written in the page's token, for whoever decodes it."""
    return list(json.loads(base64.urlsafe_b64decode(page["NextToken"]))) if "NextToken" in page else []


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize(
    ("kind", "order"),
    [
        ("model", "Name"),
        ("model", "CreationTime"),
        ("job", "Name"),
        ("job", "CreationTime"),
        ("job", "Status"),
    ],
)
def test_each_page_is_full_of_the_teams_own_and_so_is_its_token(
    ours: Client, names: dict[bool, list[str]], kind: str, order: str, ascending: bool
) -> None:
    sagemaker = ours("sagemaker")
    call, rows, name = {
        "model": (sagemaker.list_models, "Models", "ModelName"),
        "job": (sagemaker.list_transform_jobs, "TransformJobSummaries", "TransformJobName"),
    }[kind]
    order_of = {"SortBy": order, "SortOrder": "Ascending" if ascending else "Descending"}
    answers = list(pages(call, MaxResults=1, **order_of))
    assert [len(page[rows]) for page in answers] == [1, 1, 1]
    listed = [page[rows][0][name] for page in answers]
    assert sorted(listed) == sorted(names[True])
    for page, own in zip(answers[:-1], listed[:-1], strict=True):
        assert position(page)[-1] == own


@pytest.mark.parametrize("ascending", [True, False])
def test_no_token_says_that_others_have_more(
    ours: Client, names: dict[bool, list[str]], ascending: bool
) -> None:
    sagemaker = ours("sagemaker")
    filters = {
        "MaxResults": 1,
        "NameContains": "secret",
        "SortOrder": "Ascending" if ascending else "Descending",
    }
    for call, rows in (
        (sagemaker.list_models, "Models"),
        (sagemaker.list_transform_jobs, "TransformJobSummaries"),
    ):
        page = call(**filters)
        assert (page[rows], position(page)) == ([], [])


def test_pages_of_metrics_are_cut_over_the_teams_own(engine: EngineProcess, team: str, ours: Client) -> None:
    store = Store(engine.data_dir / "engine.sqlite3")
    own = [f"{team}-1/i-1", f"{team}x/i-1", f"{team}x-1/i-1"]
    for host in (f"a-{team}/i-1", f"{team}y/i-1", own[0]):
        store.metrics.add(host, 1_767_268_800, dict.fromkeys(METRICS, 1.0))
    for host in (*own[1:], f"z-{team}/i-1"):
        store.metrics.add(host, 1_767_268_800, {"CPUUtilization": 1.0})
    store.close()
    answers = list(pages(ours("cloudwatch").list_metrics))
    assert [len(page["Metrics"]) for page in answers] == [500, 3]
    hosts = [metric["Dimensions"][0]["Value"] for page in answers for metric in page["Metrics"]]
    assert set(hosts) == set(own)
    assert position(answers[0])[1:] == [own[0], METRICS[499]]
