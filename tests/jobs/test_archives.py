"""Whether a model's archive is there and holds what its container expects; archives come from anyone."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.limits import Limits
from engine.runtimes.archive import BadArchive, unpack
from jobs.models import RegisteredModel
from jobs.services.registry import archives, frameworks
from tests.cast import House
from tests.engine.resources import unique
from tests.support.engine import EngineProcess
from transform.archives import MAX_BYTES, MAX_MEMBERS
from transform.saved_models import SavedModel

pytestmark = pytest.mark.django_db
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SPARKML = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sparkml-serving:3.3"
#: Models that other versions saved.
SAVED = Path(__file__).parent.parent / "engine"
TENSORFLOW = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.14-cpu"


def packed(files: dict[str, bytes], **special: tarfile.TarInfo) -> bytes:
    """A .tar.gz of these files, and of members as they are given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
        for member in special.values():
            tar.addfile(member)
    return out.getvalue()


def look(body: bytes, piece: int = 1000) -> archives.ArchiveContents:
    pieces: Iterator[bytes] = (body[start : start + piece] for start in range(0, len(body), piece))
    return archives.look(pieces, time.monotonic() + 30)


def test_all_files_of_a_small_archive_are_seen() -> None:
    listing = look(packed({"./xgboost-model": b"x" * 5000, "code/inference.py": b"pass"}))
    assert listing == archives.ArchiveContents(("xgboost-model", "code/inference.py"), whole=True)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b"])
def test_a_member_that_leads_outside_is_named(name: str) -> None:
    assert repr(name) in look(packed({"fine": b"", name: b"x"})).refused


def test_a_device_is_refused_by_name() -> None:
    device = tarfile.TarInfo("null")
    device.type = tarfile.CHRTYPE
    assert "'null', which is a device" in look(packed({}, device=device)).refused


@pytest.mark.parametrize(
    ("kind", "target", "outside"),
    [
        (tarfile.SYMTYPE, "/etc/passwd", True),
        (tarfile.SYMTYPE, "../../up", True),
        (tarfile.SYMTYPE, "../beside", False),
        (tarfile.LNKTYPE, "/etc/passwd", True),
        (tarfile.LNKTYPE, "../up", True),
        (tarfile.LNKTYPE, "fine", False),
    ],
)
def test_a_look_and_the_engine_refuse_the_same_links(
    tmp_path: Path, kind: bytes, target: str, outside: bool
) -> None:
    link = tarfile.TarInfo("code/link")
    link.type, link.linkname = kind, target
    body = packed({"fine": b"", "beside": b""}, link=link)
    sentence = "which leads outside of the model's folder" if outside else ""
    assert sentence in look(body).refused
    assert bool(look(body).refused) == outside
    if outside:
        with pytest.raises(BadArchive, match="'code/link' leads outside"):
            unpack(io.BytesIO(body), tmp_path / "model", Limits())
    else:
        unpack(io.BytesIO(body), tmp_path / "model", Limits())


def test_an_archive_of_too_many_members_or_bytes_is_refused_as_the_engine_does(tmp_path: Path) -> None:
    body = packed(dict.fromkeys(map(str, range(MAX_MEMBERS + 1)), b""))
    # Whatever the machine's speed.
    assert "members" in archives.look(iter([body]), time.monotonic() + 3600).refused
    with pytest.raises(BadArchive, match="members"):
        unpack(io.BytesIO(body), tmp_path / "model", Limits())
    large = tarfile.TarInfo("weights")
    large.size = MAX_BYTES + 1
    with io.BytesIO() as out:
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            tar.addfile(large, None)
        assert "unpacks to more than" in look(out.getvalue()).refused


@pytest.mark.parametrize(
    "body", [b"no archive at all", b"\x1f\x8b broken", gzip.compress(b"no tar" * 1000, mtime=0), b"PK"]
)
def test_what_is_no_archive_is_told_as_damaged(body: bytes) -> None:
    assert "is no complete .tar.gz" in look(body).damage


def test_an_archive_cut_short_is_told_as_damaged() -> None:
    body = packed({f"f{number}": bytes(range(256)) * 40 for number in range(50)})
    assert "is no complete .tar.gz" in look(body[: len(body) // 2]).damage


def test_no_more_is_read_than_the_bound_however_large_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_READ", 50_000)
    body = packed({"first": bytes(range(256)) * 10_000, "second": b""})
    starts = []
    noise = gzip.compress(gzip.decompress(body), compresslevel=0)

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(noise), 10_000):
            starts.append(start)
            yield noise[start : start + 10_000]

    listing = archives.look(pieces(), time.monotonic() + 30)
    assert (listing.files, listing.whole, listing.damage) == (("first",), False, "")
    assert len(starts) == 5


def test_a_bomb_is_left_before_it_is_unpacked() -> None:
    member = tarfile.TarInfo("huge")
    member.size = MAX_BYTES // 2
    header = member.tobuf()
    bomb = gzip.compress(header + bytes(archives.MOST_UNPACKED * 2))
    assert len(bomb) < archives.MOST_READ
    listing = look(bomb, 100_000)
    assert (listing.files, listing.whole) == (("huge",), False)


def test_a_member_that_claims_more_than_there_is_ends_the_look() -> None:
    member = tarfile.TarInfo("huge")
    member.size = MAX_BYTES // 2
    listing = look(gzip.compress(member.tobuf() + bytes(1000)))
    assert "is no complete .tar.gz" in listing.damage


def test_reading_ends_when_the_time_is_over() -> None:
    assert archives.look(iter([packed({"a": b""})]), time.monotonic() - 1) == archives.ArchiveContents()


@pytest.mark.parametrize(
    ("image", "files", "env", "lacks"),
    [
        (XGBOOST, ["xgboost-model"], {}, ""),
        (XGBOOST, ["export/xgboost-model"], {}, "all of it is inside the folder export/"),
        (XGBOOST, [], {}, "no model file at its top"),
        (SKLEARN, ["model.joblib", "code/inference.py"], {}, ""),
        (SKLEARN, ["model.joblib"], {}, "no script inference.py"),
        (SKLEARN, ["model.joblib", "serve.py"], {"SAGEMAKER_PROGRAM": "serve.py"}, ""),
        (SKLEARN, ["model.joblib"], {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://b/code.tar.gz"}, ""),
        (TENSORFLOW, ["resnet/1538687370/saved_model.pb"], {}, ""),
        (TENSORFLOW, ["saved_model.pb"], {}, "no SavedModel in a folder named by a number"),
        (SPARKML, ["bundle.json", "root/model.json", "root/node.json"], {}, ""),
        (SPARKML, ["bundle.json", "root/model.pb", "root/node.pb"], {}, ""),
        (SPARKML, ["model.zip"], {}, "unzip the MLeap bundle model.zip before packing it"),
        (SPARKML, ["model/bundle.json", "model/root/model.json"], {}, "all of it is inside the folder model/"),
        ("r/huggingface-pytorch-inference:2.1", ["config.json"], {}, ""),
        ("r/huggingface-pytorch-inference:2.1", ["bert/config.json"], {}, "neither config.json nor code/"),
        ("r/pytorch-inference:2.1", ["model.pth", "code/inference.py"], {}, ""),
        ("r/pytorch-inference:2.1", ["code/inference.py"], {}, "no weights"),
        ("r/mlflow-pyfunc:3.17.0", ["MLmodel", "model.pkl"], {}, ""),
        ("r/mlflow-pyfunc:3.17.0", ["model/MLmodel"], {}, "no MLmodel at its top; all of it is inside the folder"),
    ],
)  # fmt: skip
def test_what_a_container_looks_for_is_known(
    image: str, files: list[str], env: dict[str, str], lacks: str
) -> None:
    framework = frameworks.of(image)
    assert framework is not None
    sentence = framework.lacks(files, env)
    assert lacks in sentence
    assert bool(lacks) == bool(sentence)


@pytest.fixture
def model(real: House, engine: EngineProcess) -> RegisteredModel:
    """An XGBoost model whose archive is not there yet."""
    bucket = unique("archives")
    engine.client("s3").create_bucket(Bucket=bucket)
    real.model.containers = [{"Image": XGBOOST, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}]
    real.model.save()
    return real.model


def put(engine: EngineProcess, model: RegisteredModel, body: bytes) -> None:
    bucket = model.model_data.split("/")[2]
    engine.client("s3").put_object(Bucket=bucket, Key="model.tar.gz", Body=body)


def checked(house: House, model: RegisteredModel) -> dict[str, Any]:
    answer = house.api("bob").post(f"/api/v1/models/{model.pk}/check/")
    assert answer.status_code == 200
    archive: dict[str, Any] = answer.json()["archives"][0]
    return archive


def test_a_check_says_what_is_there_and_the_page_keeps_it(
    real: House, engine: EngineProcess, model: RegisteredModel
) -> None:
    assert checked(real, model)["says"] == "There is no such object."
    put(engine, model, packed({"model/xgboost-model": b"x"}))
    assert "inside the folder model/" in checked(real, model)["says"]
    body = packed({"xgboost-model": b"x"})
    put(engine, model, body)
    client = real.page("bob")
    page_text = client.post(f"/models/{model.pk}/check/", follow=True).content.decode()
    assert "It can be read and has what XGBoost looks for." in page_text
    assert "<li>xgboost-model</li>" in page_text
    answer = real.api("vera").get(f"/api/v1/models/{model.pk}/").json()
    assert (answer["archives"][0]["level"], answer["archives"][0]["size"]) == ("ok", len(body))
    assert answer["archives_checked_at"]
    put(engine, model, b"")
    assert checked(real, model)["says"] == "It is empty."


def test_a_model_newer_than_its_runtime_fails_the_check_with_both_versions(
    real: House, engine: EngineProcess, model: RegisteredModel
) -> None:
    put(
        engine, model, packed({"xgboost-model": (SAVED / "xgboost_models" / "saved_by_3.2.ubj").read_bytes()})
    )
    archive = checked(real, model)
    assert archive["level"] == "fail"
    assert archive["says"].startswith(
        "xgboost-model was saved by XGBoost 3.2.0, which is newer than XGBoost 2.1.4, the library that serves image"
    )


@pytest.mark.parametrize(
    ("image", "environment", "saved_by", "says"),
    [
        (XGBOOST, {}, "XGBoost 2.1.4", "saved by XGBoost 2.1.4, which is newer than XGBoost 1.7"),
        (XGBOOST, {}, "XGBoost 1.7.6", ""),
        (XGBOOST, {}, "LightGBM", "saved by LightGBM, but image 1.7-1 serves models of XGBoost"),
        (XGBOOST, {"SAGEMAKER_PROGRAM": "serve.py"}, "LightGBM", ""),
        (SKLEARN, {}, "scikit-learn 1.4.2", "saved by scikit-learn 1.4.2, which is newer than scikit-learn 1.2"),
        (SKLEARN, {}, "scikit-learn 1.0.2", ""),
        (SKLEARN, {}, "XGBoost 3.2.0", ""),
        (TENSORFLOW, {}, "XGBoost 3.2.0", ""),
    ],
)  # fmt: skip
def test_without_an_engine_the_image_s_tag_tells_the_version(
    image: str, environment: dict[str, str], saved_by: str, says: str
) -> None:
    library = saved_by.partition(" ")[0]
    saved = {"model": {library: SavedModel.read(saved_by) if " " in saved_by else SavedModel(saved_by)}}
    reason = frameworks.why_unfit(image, environment, saved)
    assert says in reason
    assert bool(says) == bool(reason)


def test_files_below_the_top_are_no_models_of_the_xgboost_image() -> None:
    saved = {"extra/model.txt": {"LightGBM": SavedModel("LightGBM")}}
    assert frameworks.why_unfit(XGBOOST, {}, saved) == ""


def test_a_look_tells_what_saved_each_file() -> None:
    newer = (SAVED / "xgboost_models" / "saved_by_3.2.ubj").read_bytes()
    listing = look(packed({"xgboost-model": newer, "notes.txt": b"none"}))
    assert {
        name: [str(version) for version in versions.values()] for name, versions in listing.saved.items()
    } == {"xgboost-model": ["XGBoost 3.2.0"]}


def test_an_archive_that_may_not_fit_on_the_volume_is_warned_of(
    real: House, engine: EngineProcess, model: RegisteredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "VOLUME", 100)
    put(engine, model, packed({"xgboost-model": bytes(range(256))}))
    archive = checked(real, model)
    assert (archive["level"], "InternalServerError" in archive["says"]) == ("warn", True)


def test_an_engine_that_is_away_leaves_what_was_found_before(house: House) -> None:
    house.model.archives = [{**vars_of_archive(), "says": "It can be read."}]
    house.model.save()
    page_text = house.page("bob").post(f"/models/{house.model.pk}/check/", follow=True).content.decode()
    assert "could not be looked at" in page_text
    assert "It can be read." in page_text
    assert house.api("bob").post(f"/api/v1/models/{house.model.pk}/check/").status_code == 503


def vars_of_archive() -> dict[str, Any]:
    return {
        "uri": "s3://bucket/model.tar.gz", "level": "ok", "size": 3, "modified": "2026-01-01T00:00:00+00:00",
        "files": ["xgboost-model"], "count": 1, "whole": True,
    }  # fmt: skip
