"""The sample "Classify pictures": its archive is made on first use, and its job says what the photographs show."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from jobs.lifecycle.queue import starting
from jobs.models import RegisteredModel
from jobs.services.bootstrap import Ready, bootstrap
from jobs.services.submitting import sample
from jobs.states import JobState
from results import job_outputs
from samples.picture_archive import make_archive
from tests.jobs.following import follow
from tests.support.engine import CHECKOUT, EngineProcess

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("tensorflow"), pytest.mark.timeout(600)]
SAMPLE = CHECKOUT / "samples" / "pictures"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text())


@pytest.fixture
def engine_settings(db: None, engine: EngineProcess, settings: Any, engine_keys: Path) -> Any:
    settings.ENGINE_URL = engine.url
    settings.ENGINE_CREDENTIALS = engine.data_dir / "credentials.json"
    return settings


@pytest.fixture
def ready(engine_settings: Any) -> Ready:
    return bootstrap()


def test_the_job_says_what_the_photographs_show(ready: Ready) -> None:
    job = sample.run(ready.team, sample.PICTURES, by=ready.admin)
    assert starting.start(job.pk) is starting.Started.RUNNING
    job = follow(job, 400)
    assert (job.state, job.state_reason, job.warning_texts) == (JobState.COMPLETED, "", [])
    answers = {}
    for output in job_outputs.outputs(job).outputs:
        body = job_outputs.download(job, output.key).body
        assert body is not None
        answers[output.name.removesuffix(".out")] = json.loads(b"".join(body))
    assert list(answers) == list(EXPECTED)
    for name, answer in answers.items():
        assert answer["label"] == EXPECTED[name]["label"]
        assert answer["score"] == pytest.approx(EXPECTED[name]["score"], abs=0.001)
    # What a person sees in the clearest of them.
    clearest = {name: answer["label"] for name, answer in answers.items() if answer["score"] > 0.8}
    assert clearest == {
        "camera.jpg": "tripod", "cheetah.jpg": "cheetah", "coffee.jpg": "espresso", "lion.jpg": "lion",
    }  # fmt: skip


def test_the_archive_is_laid_out_as_in_the_article(tmp_path: Path) -> None:
    lines: list[str] = []
    archive = make_archive(SAMPLE, tmp_path, lines.append)
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert names == ["1/saved_model.pb", "code/inference.py", "code/labels.txt"]
    assert len(lines) == 1
    assert make_archive(SAMPLE, tmp_path, lines.append) == archive
    assert len(lines) == 1


def test_compiled_modules_beside_the_script_change_nothing_in_the_archive(tmp_path: Path) -> None:
    """The image of Docker compiles all modules."""
    folder = tmp_path / "pictures"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    archive = make_archive(folder, tmp_path, lambda _: None)
    (folder / "code" / "__pycache__").mkdir()
    (folder / "code" / "__pycache__" / "inference.cpython-311.pyc").write_bytes(b"compiled")
    assert make_archive(folder, tmp_path, lambda _: None) == archive
    archive.unlink()
    with tarfile.open(make_archive(folder, tmp_path, lambda _: None)) as tar:
        assert tar.getnames() == ["1/saved_model.pb", "code/inference.py", "code/labels.txt"]


def test_without_the_package_index_the_sample_is_left_out_and_the_start_says_why(
    engine_settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_settings.SAMPLES_DIR = tmp_path / "samples"
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    out, err = StringIO(), StringIO()
    call_command("bootstrap", stdout=out, stderr=err)
    assert "sample model breast-cancer-xgb" in out.getvalue()
    assert "The sample pictures is left out. Its weights cannot be downloaded: " in err.getvalue()
    assert not RegisteredModel.objects.filter(name="picture-classifier").exists()
    # The next start makes up for it.
    monkeypatch.undo()
    bootstrap()
    assert RegisteredModel.objects.filter(name="picture-classifier").exists()


def test_weights_with_another_hash_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(SAMPLE, folder)
    lock = folder / "weights.txt"
    lock.write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", lock.read_text()))
    with pytest.raises(sample.ArchiveFailed, match="cannot be downloaded"):
        make_archive(folder, tmp_path / "archives", lambda _: None)
    assert [name for name in os.listdir(tmp_path / "archives") if name.endswith(".gz")] == []
