"""Looking through buckets by the API: levels, pages, what a prefix matches, strange keys, missing permissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from jobs.services.connections import browsing
from tests.cast import House
from tests.support.engine import EngineProcess
from tests.support.refusing_s3 import refusing

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(real: House, engine: EngineProcess) -> str:
    name = f"browse-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    return name


def fill(engine: EngineProcess, bucket: str, *keys: str) -> None:
    for key in keys:
        engine.client("s3").put_object(Bucket=bucket, Key=key, Body=b"1,2\n3,4\n")


def ask(client: Client, path: str = "", **more: str) -> Any:
    answer = client.get("/api/v1/connections/engine/browse/", {"path": path, **more})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_without_a_path_there_are_the_buckets_and_half_a_name_narrows_them(real: House, bucket: str) -> None:
    client = real.api("bob")
    everything = ask(client)
    assert bucket in [row["name"] for row in everything["buckets"]]
    assert everything["matches"] is None
    narrowed = ask(client, f"s3://{bucket[:-2]}")
    assert [row["uri"] for row in narrowed["buckets"]] == [f"s3://{bucket}/"]
    assert ask(client, f"s3://{bucket}")["path"] == f"s3://{bucket}/"


def test_a_level_has_its_folders_and_objects_and_no_mark_of_itself(
    real: House, bucket: str, engine: EngineProcess
) -> None:
    fill(engine, bucket, "in/a.csv", "in/deep/b.csv", "other.csv")
    engine.client("s3").put_object(Bucket=bucket, Key="in/", Body=b"")
    level = ask(real.api("bob"), f"s3://{bucket}/in/")
    assert [row["name"] for row in level["folders"]] == ["deep/"]
    assert [(row["name"], row["size"]) for row in level["objects"]] == [("a.csv", 8)]
    assert level["objects"][0]["modified"]
    assert level["matches"]["bytes"] == 16


def test_a_prefix_tells_what_else_it_matches_and_how_to_mean_one_folder(
    real: House, bucket: str, engine: EngineProcess
) -> None:
    fill(engine, bucket, "data/part/a.csv", "data/part/b.csv", "data/part-old/a.csv", "data/part.csv")
    matches = ask(real.api("bob"), f"s3://{bucket}/data/part")["matches"]
    assert {group["key"]: (group["objects"], group["also"]) for group in matches["groups"]} == {
        "data/part/": (2, False),
        "data/part-old/": (1, True),
        "data/part.csv": (1, True),
    }
    assert (matches["objects"], matches["fix"]) == (4, f"s3://{bucket}/data/part/")
    mended = ask(real.api("bob"), matches["fix"])["matches"]
    assert (mended["objects"], mended["fix"], len(mended["groups"])) == (2, "", 1)


def test_long_levels_come_in_pages_and_each_name_once(
    real: House, bucket: str, engine: EngineProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 3)
    monkeypatch.setattr(browsing, "COUNTED", 5)
    names = [*(f"f{number}/x" for number in range(4)), *(f"o{number}" for number in range(4))]
    fill(engine, bucket, *names)
    client, path, listed_names, after = real.api("bob"), f"s3://{bucket}/", [], ""
    while True:
        page = ask(client, path, after=after)
        listed_names += [row["name"] for row in (*page["folders"], *page["objects"])]
        assert len(page["folders"]) + len(page["objects"]) <= 3
        if not page["next"]:
            break
        after = parse_qs(urlsplit(page["next"]).query)["after"][0]
    assert listed_names == ["f0/", "f1/", "f2/", "f3/", "o0", "o1", "o2", "o3"]
    matches = ask(client, path)["matches"]
    assert (matches["objects"], matches["more"]) == (5, True)


STRANGE = ["a//b.csv", "../x.csv", "/lead.csv", "größe/データ & <b>.csv", "100%/a+b?.csv", "./y.csv"]


@pytest.mark.parametrize("key", STRANGE)
def test_a_strange_key_is_found_level_by_level_under_its_own_address(
    real: House, bucket: str, engine: EngineProcess, key: str
) -> None:
    fill(engine, bucket, key)
    client, path = real.api("bob"), f"s3://{bucket}/"
    while True:
        level = ask(client, path)
        if level["objects"]:
            break
        (folder,) = level["folders"]
        path = folder["uri"]
    assert [row["uri"] for row in level["objects"]] == [f"s3://{bucket}/{key}"]
    preview = browsing.peek(real.connection, f"s3://{bucket}/{key}")
    assert (preview.size, preview.kind != "empty") == (8, True)


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("nonsense", 400, "It must be an S3 address"),
        ("s3://no-such-bucket-at-all/x/", 409, "There is no bucket no-such-bucket-at-all."),
        ("s3://B ad!/x/", 409, "There is no bucket B ad!."),
    ],
)
def test_an_address_that_leads_nowhere_says_so(real: House, path: str, status: int, sentence: str) -> None:
    answer = real.api("bob").get("/api/v1/connections/engine/browse/", {"path": path})
    assert (answer.status_code, sentence in answer.content.decode()) == (status, True)


def test_an_engine_that_is_away_is_said_to_be(house: House) -> None:
    answer = house.api("bob").get("/api/v1/connections/engine/browse/")
    assert (answer.status_code, "cannot be reached" in answer.content.decode()) == (503, True)


@pytest.fixture
def refused(house: House) -> Iterator[House]:
    with refusing() as url:
        house.connection.endpoint_url = url
        house.connection.save()
        yield house


@pytest.mark.parametrize(
    ("path", "permission"),
    [("", "s3:ListAllMyBuckets"), ("s3://bucket/in/", "s3:ListBucket"), ("s3://bucket", "s3:ListBucket")],
)
def test_a_missing_permission_is_named_with_a_way_on(refused: House, path: str, permission: str) -> None:
    answer = refused.api("bob").get("/api/v1/connections/engine/browse/", {"path": path})
    message = answer.json()["error"]["message"]
    assert answer.status_code == 409
    assert permission in message
    assert "Type the path" in message
    page = refused.page("bob").get("/browse/", {"path": path}).content.decode()
    assert permission in page


def test_a_viewer_and_another_team_may_not_look(real: House, other_house: House) -> None:
    assert real.api("vera").get("/api/v1/connections/engine/browse/").status_code == 403
    real.connection.slug = "theirs"
    real.connection.save()
    assert other_house.api("charlie").get("/api/v1/connections/theirs/browse/").status_code == 404
