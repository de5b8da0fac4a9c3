"""The library and the version that saved a model file are read from its bytes, whatever form it has."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zlib
from pathlib import Path, PurePath

import pytest

from transform.saved_models import MOST_UNPACKED, SavedModel, find_saved_models, read_version, why_unfit_file

MODELS = Path(__file__).parent.parent / "engine"
SKLEARN = MODELS / "sklearn_models" / "saved_by_images.tar.xz"
XGBOOST = MODELS / "xgboost_models" / "saved_by_images.tar.gz"


def saved_in(archive: Path, folder: str) -> set[str]:
    """The texts of all that saved the model files in a folder of an archive."""
    texts: set[str] = set()
    with tarfile.open(archive) as tar:
        for member in tar:
            if PurePath(member.name).parent == PurePath(folder) and not member.name.endswith("answers.json"):
                file = tar.extractfile(member)
                assert file is not None
                saved_models = find_saved_models([file.read()])
                texts.update(map(str, saved_models.values()) if saved_models else [member.name])
    return texts


@pytest.mark.parametrize(
    ("tag", "version"), [("0.23-1", "0.23.2"), ("1.0-1", "1.0.2"), ("1.2-1", "1.2.1"), ("1.4-2", "1.4.2")]
)
def test_scikit_learn_is_found_in_joblib_files_with_arrays_inside(tag: str, version: str) -> None:
    assert saved_in(SKLEARN, tag) == {f"scikit-learn {version}"}


@pytest.mark.parametrize(
    ("tag", "versions"),
    [
        ("1.2-1", {"XGBoost 1.2.1", "XGBoost 1.2.0"}),
        ("1.7-1", {"XGBoost 1.7.6", "XGBoost 1.7.0"}),
        ("3.0-5", {"XGBoost 3.0.5"}),
    ],
)
def test_xgboost_is_found_as_json_ubjson_pickle_and_in_the_old_binary_form(
    tag: str, versions: set[str]
) -> None:
    assert saved_in(XGBOOST, tag) == versions


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_version_is_found_in_each_pickle_protocol(protocol: int) -> None:
    estimator = {"coef_": [1.5] * 300, "_sklearn_version": "1.2.1"}
    body = pickle.dumps([estimator, {**estimator}], protocol)
    assert find_saved_models([body]) == {"scikit-learn": SavedModel("scikit-learn", (1, 2, 1))}


def test_of_several_versions_the_newest_counts() -> None:
    parts = [pickle.dumps({"_sklearn_version": version}) for version in ("1.2.1", "1.10.0", "1.9.3")]
    assert str(find_saved_models(parts)["scikit-learn"]) == "scikit-learn 1.10.0"


def test_a_version_that_is_spread_over_pieces_is_found() -> None:
    body = bytes(3_000_000) + pickle.dumps({"_sklearn_version": "1.4.2"}) + bytes(3_000_000)
    pieces = [body[start : start + 1001] for start in range(0, len(body), 1001)]
    assert str(find_saved_models(pieces)["scikit-learn"]) == "scikit-learn 1.4.2"


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_compressed_files_are_unpacked(pack: object) -> None:
    assert callable(pack)
    body = pack(bytes(2_000_000) + pickle.dumps({"_sklearn_version": "1.0.2"}))
    assert str(find_saved_models([body[:100], body[100:]])["scikit-learn"]) == "scikit-learn 1.0.2"


def test_a_bomb_is_unpacked_up_to_a_limit() -> None:
    bomb = zlib.compress(bytes(MOST_UNPACKED + 1000) + pickle.dumps({"_sklearn_version": "1.0.2"}))
    assert find_saved_models([bomb]) == {}


@pytest.mark.parametrize(
    "body", [b"", b"x", b"\x78\x9cbroken", b"\x1f\x8b", b"_sklearn_version", b"binf", b'{"version": [1]}']
)
def test_a_file_that_tells_nothing_is_of_nobody(body: bytes) -> None:
    assert find_saved_models([body]) == {}
    assert find_saved_models(iter([])) == {}


def test_nothing_is_unpickled() -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return pytest.fail, ("it was unpickled",)

    stream = io.BytesIO(pickle.dumps([Bomb(), {"_sklearn_version": "1.2.1"}]))
    assert str(find_saved_models([stream.read()])["scikit-learn"]) == "scikit-learn 1.2.1"


def test_a_newer_minor_version_is_unfit_and_a_newer_patch_is_not() -> None:
    server = SavedModel.read("XGBoost 2.1.4")
    newer = {"XGBoost": SavedModel("XGBoost", (3, 2, 0))}
    assert why_unfit_file("xgboost-model", newer, server, "1.7-1") == (
        "xgboost-model was saved by XGBoost 3.2.0, which is newer than XGBoost 2.1.4, the library that serves image "
        "1.7-1: its predictions could be wrong. Use an image with a library as new, or save the model with XGBoost "
        "2.1.4 or earlier."
    )
    assert why_unfit_file("m", {"XGBoost": SavedModel("XGBoost", (2, 1, 9))}, server, "1.7-1") == ""
    assert why_unfit_file("m", {"XGBoost": SavedModel("XGBoost", (1, 0, 2))}, server, "1.7-1") == ""
    assert why_unfit_file("m", {}, server, "1.7-1") == ""


def test_a_model_of_another_library_is_unfit() -> None:
    saved_models = find_saved_models([b"tree\nversion=v4\nnum_class=1\n"])
    assert why_unfit_file("model.txt", saved_models, SavedModel.read("XGBoost 2.1.4"), "1.7-1") == (
        "model.txt was saved by LightGBM, but image 1.7-1 serves models of XGBoost. Use an image with that library."
    )


def test_a_tag_tells_a_version_where_it_has_one() -> None:
    assert [read_version(tag) for tag in ("1.2-1-cpu-py3", "0.23-1", "latest", "")] == [
        (1, 2),
        (0, 23),
        (),
        (),
    ]
