"""Parquet converted on the pages without scripts: what is read and written, the state, and what is refused."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.models import Conversion
from jobs.models.conversion import ConversionState
from jobs.tasks import convert_files
from tests.cast import House
from tests.support.engine import EngineProcess
from tests.support.html import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def bucket(real: House, engine: EngineProcess) -> str:
    name = f"convert-{uuid4().hex[:12]}"
    engine.client("s3").create_bucket(Bucket=name)
    body = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), body)
    for key, content in {"in/a.parquet": body.getvalue(), "in/notes.txt": b"x"}.items():
        engine.client("s3").put_object(Bucket=name, Key=key, Body=content)
    return name


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def ask(house: House, path: str, text_format: str = "jsonlines") -> Any:
    return house.page("bob").get("/data/engine/convert/", {"path": path, "format": text_format})


def begin(house: House, path: str, text_format: str = "jsonlines", **fields: str) -> Any:
    page = house.page("bob")
    data = {"path": path, "format": text_format, **fields}
    return page.post("/data/engine/convert/", data, follow=True)


def test_the_data_page_leads_to_the_question_for_a_file_and_for_a_folder(real: House, bucket: str) -> None:
    listing = Page(real.page("bob").get("/data/engine/", {"path": f"s3://{bucket}/in/"}))
    hrefs = [node.get("href") for node in listing.all("a") if "/convert/" in (node.get("href") or "")]
    assert len(hrefs) == 2
    for href in hrefs:
        question = real.page("bob").get(href)
        assert question.status_code == 200
        assert "Convert Parquet" in text(question)


def test_the_question_says_what_is_read_and_written(real: House, bucket: str) -> None:
    question = text(ask(real, f"s3://{bucket}/in/"))
    assert "1 Parquet file," in question
    assert "1 other object stays out of it" in question
    assert f'value="s3://{bucket}/in-jsonl/"' in question
    assert "First line with the columns" not in question
    csv = text(ask(real, f"s3://{bucket}/in/a.parquet", "csv"))
    assert f'value="s3://{bucket}/in/a.csv"' in csv
    assert "First line with the columns" in csv


def test_a_conversion_is_shown_until_it_has_ended_and_leads_on(real: House, bucket: str) -> None:
    begun = text(begin(real, f"s3://{bucket}/in/"))
    assert "Waits for a worker" in begun
    row = Conversion.objects.get()
    assert f"s3://{bucket}/in/" in text(real.page("bob").get("/data/engine/", {"path": f"s3://{bucket}/"}))
    convert_files(row.pk)
    done = real.page("bob").get(f"/data/engine/conversions/{row.key}/")
    assert "1 of 1 file, 2 rows" in text(done)
    hrefs = [node.get("href") for node in Page(done).all("a")]
    assert any("/jobs/new/" in (href or "") and "in-jsonl" in href for href in hrefs)


def test_what_is_there_is_replaced_only_after_a_tick(real: House, engine: EngineProcess, bucket: str) -> None:
    engine.client("s3").put_object(Bucket=bucket, Key="in-jsonl/a.jsonl", Body=b"mine")
    path = f"s3://{bucket}/in/"
    assert "1 object there would be replaced" in text(ask(real, path))
    refused = begin(real, path)
    assert (refused.status_code, Conversion.objects.count()) == (409, 0)
    assert "would be replaced" in text(refused)
    assert begin(real, path, replace="on").status_code == 200
    assert Conversion.objects.get().replace


def test_a_conversion_can_be_stopped_once(real: House, bucket: str) -> None:
    begin(real, f"s3://{bucket}/in/")
    row = Conversion.objects.get()
    address = f"/data/engine/conversions/{row.key}/stop/"
    assert "Stopped" in text(real.page("bob").post(address, follow=True))
    assert "has ended already" in text(real.page("bob").post(address, follow=True))
    row.refresh_from_db()
    assert row.state == ConversionState.STOPPED


@pytest.mark.parametrize(
    ("path", "status"), [("s3://no-such-bucket-here/in/", 409), ("nonsense", 400), ("s3://b/in/", 409)]
)
def test_what_cannot_be_converted_is_told(real: House, path: str, status: int) -> None:
    refused = ask(real, path)
    assert refused.status_code == status
    assert 'role="alert"' in refused.content.decode()


def test_preflight_offers_what_was_converted_until_the_input_changes(
    real: House, engine: EngineProcess, bucket: str
) -> None:
    def parquet_finding() -> Any:
        body = {"connection": "engine", "data": f"s3://{bucket}/in/a.parquet", "split_type": "Line"}
        answer = real.api("bob").post("/api/v1/jobs/preflight/", body, "application/json").json()
        return next(finding for finding in answer["findings"] if finding["code"] == "parquet")

    assert parquet_finding()["fix"] is None
    begin(real, f"s3://{bucket}/in/a.parquet", "csv")
    assert "is under way, 0% done" in parquet_finding()["reason"]
    convert_files(Conversion.objects.get().pk)
    assert parquet_finding()["fix"] == {
        "data": f"s3://{bucket}/in/a.csv",
        "content_type": "text/csv",
        "split_type": "Line",
    }
    engine.client("s3").put_object(Bucket=bucket, Key="in/a.parquet", Body=b"PAR1 newer")
    Conversion.objects.update(created_at="2020-01-01T00:00:00Z")
    assert parquet_finding()["fix"] is None
