"""What the TensorFlow Serving container finds, reads from its environment, and makes of bodies and attributes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.runtimes.registry import BUILT_IN, find_runtime
from engine.runtimes.tensorflow.container.attributes import HEADER, read_attributes
from engine.runtimes.tensorflow.container.conversions import compact, convert
from engine.runtimes.tensorflow.container.faults import BadModelFolder, ServingFault
from engine.runtimes.tensorflow.container.image_version import read_generation
from engine.runtimes.tensorflow.container.model_folders import choose_default, find_models
from engine.runtimes.tensorflow.container.settings import BatchingSettings, read_settings

OLD, NEW = read_generation("2.19.0-cpu-py312"), read_generation("2.20")


def folder_with(folder: Path, *names: str) -> Path:
    """A folder with empty files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        (
            "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-serving:1.13.1-gpu",
            "1.13.1-gpu",
        ),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19-cpu", "2.19-cpu"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.1", "2.1"),
        ("tensorflow-inference", "2.20"),
    ],
)
def test_images_of_all_versions_are_served_and_the_program_gets_the_tag(image: str, tag: str) -> None:
    runtime = find_runtime(BUILT_IN, image)
    assert runtime is not None
    assert (runtime.name, runtime.command[-1], runtime.own_ports) == ("tensorflow", tag, 2)


@pytest.mark.parametrize(
    "image",
    [
        "tensorflow-inference:2.99",
        "tensorflow-inference:3",
        "tensorflow-training:2.19",
        "tensorflow-inference:2.199",
    ],
)
def test_images_without_a_known_version_are_not(image: str) -> None:
    assert find_runtime(BUILT_IN, image) is None


def test_models_are_folders_with_numbered_saved_models(tmp_path: Path) -> None:
    root = folder_with(
        tmp_path,
        "export/Servo/007/saved_model.pb",
        "export/Servo/12/saved_model.pb",
        "export/Servo/13/weights",
        "half/1/saved_model.pb",
        "one/saved_model.pb",
        "code/inference.py",
    )
    models = find_models(root)
    assert [(model.name, sorted(model.versions)) for model in models] == [("Servo", [7, 12]), ("half", [1])]
    assert models[0].versions[7] == root / "export/Servo/007"
    assert choose_default(models, None) == "Servo"
    assert choose_default(models, "half") == "half"


def test_a_version_at_the_top_is_the_model_named_model(tmp_path: Path) -> None:
    [model] = find_models(folder_with(tmp_path / "model-1", "1538687370/saved_model.pb"))
    assert (model.name, list(model.versions)) == ("model", [1538687370])


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("saved_model.pb",), "no SavedModel bundles found!"),
        (("a/m/1/saved_model.pb", "b/m/1/saved_model.pb"), "Two models of the archive have the name m"),
        (("m/1/saved_model.pb", "m/01/saved_model.pb"), "Version 1 of the model m is there twice"),
    ],
)
def test_models_that_cannot_be_told_apart_are_refused(
    tmp_path: Path, names: tuple[str, ...], words: str
) -> None:
    with pytest.raises(BadModelFolder, match=words):
        find_models(folder_with(tmp_path, *names))


def test_batching_has_the_container_s_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    enabled = {"SAGEMAKER_TFS_ENABLE_BATCHING": "true"}
    assert read_settings(OLD, {}).batching is None
    assert read_settings(OLD, enabled).batching == BatchingSettings(8, 1000, 3, 3)
    in_jobs = {**enabled, "SAGEMAKER_BATCH": "true"}
    assert read_settings(OLD, in_jobs).batching == BatchingSettings(8, 1000, 3, 100_000_000)
    own = {
        "MAX_BATCH_SIZE": "16",
        "BATCH_TIMEOUT_MICROS": "50000",
        "NUM_BATCH_THREADS": "2",
        "MAX_ENQUEUED_BATCHES": "9",
    }
    named = {f"SAGEMAKER_TFS_{name}": value for name, value in own.items()}
    assert read_settings(OLD, {**in_jobs, **named}).batching == BatchingSettings(16, 50000, 2, 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAGEMAKER_TFS_ENABLE_BATCHING", "1"),
        ("SAGEMAKER_TFS_MAX_BATCH_SIZE", "many"),
        ("SAGEMAKER_TFS_MAX_BATCH_SIZE", "0"),
        ("SAGEMAKER_TFS_INTER_OP_PARALLELISM", "-1"),
        ("SAGEMAKER_MULTI_MODEL", "true"),
    ],
)
def test_a_variable_that_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(BadModelFolder, match=name):
        read_settings(OLD, {"SAGEMAKER_TFS_ENABLE_BATCHING": "true", name: value})


def test_ports_come_from_the_range_and_the_wait_from_the_image() -> None:
    settings = read_settings(OLD, {"SAGEMAKER_SAFE_PORT_RANGE": "30000-30001"})
    assert (settings.grpc_port, settings.rest_port, settings.wait_seconds) == (30000, 30001, 300)
    settings = read_settings(NEW, {})
    assert (settings.grpc_port, settings.rest_port, settings.wait_seconds) == (9000, 8501, 60)


@pytest.mark.parametrize(
    ("body", "content_type", "instances"),
    [
        (b"1.0", "text/csv", [1.0]),
        (b"1,2,5\n", "text/csv", [[1, 2, 5]]),
        (b"1.0\r\n2.0\n\n5", "text/csv", [1.0, 2.0, 5]),
        (b'"a, b",1', "text/csv", [["a, b", 1]]),
        (b"[1,2]\n[3,4]", "application/jsonlines", [[1, 2], [3, 4]]),
        (b'{"x":1}\n\n{"x":2}\n', "application/jsonlines", [{"x": 1}, {"x": 2}]),
        (b"[[1,2],[3,4]]", "application/json", [[1, 2], [3, 4]]),
        (b" [1,2]", "application/jsons", [[1, 2]]),
        (b'{"x":1}', "application/json", [{"x": 1}]),
    ],
)
@pytest.mark.parametrize("image", [OLD, NEW], ids=["old", "new"])
def test_bodies_become_instances(body: bytes, content_type: str, instances: Any, image: Any) -> None:
    assert json.loads(convert(body, content_type, image)) == {"instances": instances}


@pytest.mark.parametrize("key", ["instances", "inputs", "examples"])
def test_requests_to_tensorflow_serving_stay_as_they_are(key: str) -> None:
    body = f'{{"{key}" : [1]}} \xff'.encode("latin-1")
    assert convert(body, "application/json", OLD) == body


def test_texts_in_csv_are_quoted_by_line_or_by_field() -> None:
    assert convert(b"red,2,x", "text/csv", OLD) == b'{"instances":[["red","2,x"]]}'
    assert json.loads(convert(b"red,2,x", "text/csv", NEW)) == {"instances": [["red", 2, "x"]]}
    assert json.loads(convert(b"1,red,+2,.5,-1e3", "text/csv", NEW)) == {
        "instances": [[1, "red", "+2", ".5", -1e3]]
    }
    assert convert(b"red", "text/csv", OLD) == convert(b"red", "text/csv", NEW) == b'{"instances":["red"]}'


def test_other_content_types_are_refused_and_newer_images_ignore_parameters() -> None:
    for content_type, title in (
        (None, "Unknown"),
        ("image/png", "image/png"),
        ("Text/CSV; header=no", "Text/CSV; header=no"),
    ):
        with pytest.raises(ServingFault, match=f"Unsupported Media Type: {title}") as caught:
            convert(b"1", content_type, OLD)
        assert caught.value.status == 415
    assert convert(b"1", "Text/CSV; header=no", NEW) == b'{"instances":[1]}'


def test_answers_have_no_newlines_if_json_is_accepted() -> None:
    body = b'{\n    "predictions": [3.5, 4.0, 5.5\n    ]\n}'
    lines = "application/jsonlines, text/csv"
    assert compact(body, lines, OLD) == (b'{    "predictions": [3.5, 4.0, 5.5    ]}', "application/jsonlines")
    assert compact(body, lines, NEW)[1] == "application/json"
    assert compact(body, "*/*", OLD) == compact(body, None, NEW) == (body, "application/json")


def test_attributes_make_the_path() -> None:
    attributes = read_attributes(
        {HEADER: "tfs-model-name=a,other=1,tfs-model-version=2,tfs-method=regress"}, NEW
    )
    assert attributes.path("model") == "/v1/models/a/versions/2:regress"
    assert read_attributes({}, OLD).path("model") == "/v1/models/model:predict"
    assert read_attributes({HEADER: "tfs-method=other"}, OLD).path("m") == "/v1/models/m:other"
    with pytest.raises(ServingFault, match="tfs-method"):
        read_attributes({HEADER: "tfs-method=other"}, NEW)
