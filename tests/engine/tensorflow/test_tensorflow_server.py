"""The TensorFlow Serving runtime as a server in its own environment: straight to the models, and through a script."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import Served, last_words, served
from tests.engine.tensorflow.saved_models import ARTICLE, NEW, OLD, SavedModels

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("tensorflow"),
    pytest.mark.timeout(1200),
]

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def direct(
    saved_models: SavedModels, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """half_plus_three and mixed, without a script, in an older image."""
    folder = tmp_path_factory.mktemp("direct")
    async with served(OLD, folder, saved_models.folder / "tables") as server:
        yield server


def error_of(body: bytes) -> str:
    """The error that an answer says."""
    return str(json.loads(body)["error"])


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [
        (b'{"instances":[1,2,5]}', JSON, [3.5, 4.0, 5.5]),
        (b'{"instances":[[1,2,5],[1,2,5]]}', JSON, [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]]),
        (b'{"instances":[{"x":[1,2,5]},{"x":[1,2,5]}]}', JSON, [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]]),
        (b"[1,2,5]\n[1,2,5]", LINES, [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]]),
        (b'{"x":[1,2,5]}\n{"x":[1,2,5]}', LINES, [[3.5, 4.0, 5.5], [3.5, 4.0, 5.5]]),
        (b"[1,2,5]", JSON, [[3.5, 4.0, 5.5]]),
        (b"1.0", CSV, [3.5]),
        (b"1,2,5", CSV, [[3.5, 4.0, 5.5]]),
        (b"1.0\n2.0\n5.0", CSV, [3.5, 4.0, 5.5]),
    ],
)
async def test_half_plus_three_answers_as_the_container_s_own_tests_demand(
    direct: Served, body: bytes, content_type: str, rows: list[Any]
) -> None:
    answer = await direct.post(body, content_type)
    assert answer.status == 200
    assert json.loads(answer.body) == {"predictions": rows}


async def test_an_answer_has_the_container_s_bytes(direct: Served) -> None:
    answer = await direct.post(b"1.0\n2.0\n5.0", CSV, LINES)
    assert answer.body == b'{    "predictions": [3.5, 4.0, 5.5    ]}'
    assert answer.headers["content-type"] == LINES
    pretty = await direct.post(b"1.0\n2.0\n5.0", CSV)
    assert pretty.body == b'{\n    "predictions": [3.5, 4.0, 5.5\n    ]\n}'


async def test_regress_and_classify_read_examples(direct: Served) -> None:
    examples = '"examples":[{"x":1.0},{"x":[2.0]}]}'
    regressed = await direct.post(
        f'{{"signature_name":"tensorflow/serving/regress",{examples}'.encode(),
        JSON,
        attributes="tfs-method=regress",
    )
    assert regressed.body == b'{\n    "results": [3.5, 4.0]\n}'
    classified = await direct.post(
        f'{{"signature_name":"tensorflow/serving/classify",{examples}'.encode(),
        JSON,
        attributes="tfs-method=classify",
    )
    assert json.loads(classified.body) == {
        "results": [[["low", -2.5], ["high", 3.5]], [["low", -3.0], ["high", 4.0]]]
    }
    refused = await direct.post(f"{{{examples}".encode(), JSON, attributes="tfs-method=regress")
    assert (refused.status, error_of(refused.body)) == (
        400,
        "Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/predict",
    )


async def test_a_request_chooses_version_and_model(direct: Served) -> None:
    older = await direct.post(b"1.0", CSV, LINES, "tfs-model-version=123")
    assert json.loads(older.body) == {"predictions": [2.5]}
    other_model = await direct.post(
        b'{"instances":[{"a":1.5,"n":2}]}', JSON, attributes="tfs-model-name=mixed,tfs-model-version=1"
    )
    assert json.loads(other_model.body) == {"predictions": [{"sum": 3.5, "n": 3}]}
    absent = await direct.post(b"1.0", CSV, attributes="tfs-model-version=9")
    assert (absent.status, error_of(absent.body)) == (
        404,
        "Servable not found for request: Specific(half_plus_three, 9)",
    )


async def test_other_types_go_in_and_out(direct: Served) -> None:
    mixed = "tfs-model-name=mixed"
    flags = await direct.post(b'{"signature_name":"flags","inputs":[true,false]}', JSON, attributes=mixed)
    assert json.loads(flags.body) == {"outputs": [False, True]}
    picture = base64.b64encode(b"\xff\xd8\x00").decode()
    body = f'{{"signature_name":"texts","instances":["\u00e4",{{"b64":"{picture}"}}]}}'.encode()
    texts = await direct.post(body, JSON, attributes=mixed)
    rows = json.loads(texts.body.decode("utf-8", "surrogateescape"))["predictions"]
    assert rows[0] == {
        "raw_bytes": {"b64": base64.b64encode("\u00e4".encode()).decode()},
        "again": "\u00e4\u00e4",
    }
    assert rows[1]["raw_bytes"] == {"b64": picture}
    doubles = await direct.post(b'{"signature_name":"doubles","inputs":[1]}', JSON, attributes=mixed)
    assert b"0.33333333333333331" in doubles.body


@pytest.mark.parametrize(
    ("attributes", "body", "words"),
    [
        ("", b'{"junk":1}', "Failed to process element: 0 key: junk of 'instances' list. Error: "),
        ("", b'["]["]', 'JSON Value: "][" Type: String is not of expected type: float'),
        ("", b"", "No values in 'instances' array"),
        ("", b'{"instances":[1],"signature_name":"absent"}', 'Serving signature name: "absent" not found'),
        ("tfs-model-name=mixed", b'{"instances":[{"a":1}]}', "keys must be equal to: a,n"),
        (
            "tfs-model-name=mixed",
            b'{"instances":[{"a":1,"n":2.5}]}',
            "JSON Value: 2.5 Type: Number is not of expected type: int64",
        ),
        (
            "tfs-model-name=mixed",
            b'{"instances":[1,2],"signature_name":"mean"}',
            "Tensor name: mean has no shape information ",
        ),
        ("tfs-model-name=mixed", b'{"instances":[-1],"signature_name":"checked"}', "there is no root"),
    ],
)
async def test_a_wrong_request_is_refused_with_the_reason(
    direct: Served, attributes: str, body: bytes, words: str
) -> None:
    answer = await direct.post(body, JSON, attributes=attributes or None)
    assert answer.status == 400
    assert words in error_of(answer.body)


async def test_another_content_type_is_refused(direct: Served) -> None:
    answer = await direct.post(b"x", "image/jpeg")
    assert (answer.status, answer.body) == (415, b'{"error": "Unsupported Media Type: image/jpeg"}')


async def test_it_is_healthy_and_offers_no_parameters(direct: Served) -> None:
    assert (await direct.get("/ping")).status == 200
    assert (await direct.get("/execution-parameters")).status == 404


#: What a script can do, by content type. Its own modules have names that the server's modules have too.
SCRIPT = """
import json
import threading

import grpc
import requests
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

import container
import faults


def handler(data, context):
    kind = context.request_content_type
    if kind == "application/x-context":
        fields = {name: value for name, value in context._asdict().items() if name != "channel"}
        fields["own"] = [container.WORD, faults.WORD]
        fields["main"] = threading.current_thread() is threading.main_thread()
        return json.dumps(fields), "application/json"
    if kind == "application/x-grpc":
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "half_plus_three"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(json.loads(data.read()), dtype=tf.float32))
        stub = prediction_service_pb2_grpc.PredictionServiceStub(context.channel)
        response = stub.Predict(request, 60)
        return json.dumps(tf.make_ndarray(response.outputs["y"]).tolist()), "application/json"
    if kind == "application/x-own-channel":
        with grpc.insecure_channel("localhost:" + context.grpc_port) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "absent"
            try:
                stub.Predict(request, 60)
            except grpc.RpcError as error:
                return error.code().name + " " + error.details(), "text/plain"
    if kind == "application/x-broken":
        raise ValueError("this cannot be read")
    response = requests.post(context.rest_uri, data=data.read())
    return response.content, context.accept_header
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scripted(
    saved_models: SavedModels, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """A script with a `handler`, over models that wait for four rows."""
    folder = tmp_path_factory.mktemp("scripted")
    shutil.copytree(saved_models.folder / "tables", folder / "model")
    library = folder / "model" / "code" / "lib"
    library.mkdir(parents=True)
    (folder / "model" / "code" / "inference.py").write_text(SCRIPT)
    (folder / "model" / "code" / "container.py").write_text('WORD = "in code"\n')
    (library / "faults.py").write_text('WORD = "in code/lib"\n')
    # A batch with fewer rows would wait for longer than a request may take.
    batching = {"ENABLE_BATCHING": "true", "MAX_BATCH_SIZE": "4", "BATCH_TIMEOUT_MICROS": "600000000"}
    environment = {f"SAGEMAKER_TFS_{name}": value for name, value in batching.items()}
    async with served(ARTICLE, folder, folder / "model", **environment) as server:
        yield server


async def test_a_script_gets_the_image_s_context(scripted: Served) -> None:
    attributes = "tfs-model-name=mixed,tfs-model-version=1,tfs-method=predict,trace=7"
    answer = await scripted.post(b"12345", "application/x-context", "text/csv", attributes)
    context = json.loads(answer.body)
    uri = context.pop("rest_uri")
    grpc_port = context.pop("grpc_port")
    assert uri == f"http://localhost:{int(grpc_port) + 1}/v1/models/mixed/versions/1:predict"
    assert context == {
        "model_name": "mixed",
        "model_version": "1",
        "method": "predict",
        "custom_attributes": attributes,
        "request_content_type": "application/x-context",
        "accept_header": "text/csv",
        "content_length": 5,
        "own": ["in code", "in code/lib"],
        "main": True,
    }


async def test_requests_of_a_script_are_at_the_models_together(scripted: Served) -> None:
    bodies = [f'{{"instances":[{number}]}}'.encode() for number in range(8)]
    answers = await asyncio.gather(*(scripted.post(body, JSON) for body in bodies))
    assert [json.loads(answer.body)["predictions"] for answer in answers] == [
        [number / 2 + 3] for number in range(8)
    ]


async def test_rows_of_other_shapes_are_not_batched_together(scripted: Served) -> None:
    single = [scripted.post(b'{"instances":[2]}', JSON) for _ in range(4)]
    pairs = [scripted.post(b'{"instances":[[2,4]]}', JSON) for _ in range(4)]
    answers = await asyncio.gather(
        *(post for single_and_pair in zip(single, pairs, strict=True) for post in single_and_pair)
    )
    assert [json.loads(answer.body)["predictions"] for answer in answers] == [[4.0], [[4.0, 5.0]]] * 4


async def test_more_rows_than_a_batch_has_are_refused(scripted: Served) -> None:
    answer = await scripted.post(b'{"instances":[1,2,3,4,5]}', JSON)
    assert answer.status == 200, "the script passes TensorFlow Serving's answer on"
    assert error_of(answer.body) == "Task size 5 is larger than maximum input batch size 4"


async def test_a_script_speaks_grpc(scripted: Served) -> None:
    answer = await scripted.post(b"[1, 2, 5, 6]", "application/x-grpc")
    assert json.loads(answer.body) == [3.5, 4.0, 5.5, 6.0]
    refused = await scripted.post(b"", "application/x-own-channel")
    assert refused.body == b"NOT_FOUND Servable not found for request: Latest(absent)"


async def test_what_a_script_raises_is_the_answer(scripted: Served) -> None:
    answer = await scripted.post(b"x", "application/x-broken")
    assert (answer.status, answer.body) == (500, b'{"error": "this cannot be read"}')


#: Both handlers. A line of JSON Lines becomes a row; the answer has one line.
HANDLERS = """
def input_handler(data, context):
    return '{"instances": [' + ",".join(data.read().decode().splitlines()) + "]}"


def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError("asked in vain")
    return {answer}, context.accept_header + ";timeout=" + str(getattr(context, "timeout", None))
"""


async def test_a_newer_image_passes_errors_on_and_checks_attributes(
    saved_models: SavedModels, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(saved_models.folder / "tables", model)
    (model / "code").mkdir()
    (model / "code" / "inference.py").write_text(
        HANDLERS.replace("{answer}", "response.json()['predictions'].__repr__()")
    )
    (model / "code" / "requirements.txt").write_text("requests\n")
    async with served(NEW, tmp_path, model, SAGEMAKER_TFS_WAIT_TIME_SECONDS="77") as server:
        answer = await server.post(b"1\n2", LINES, JSON)
        assert (answer.body, answer.headers["content-type"]) == (b"[3.5, 4.0]", "application/json;timeout=77")
        refused = await server.post(b'"text"', LINES)
        assert refused.status == 400
        problem = json.loads(refused.body)
        assert problem["title"] == "400 Bad Request"
        assert "is not of expected type: float" in problem["description"]
        for attributes in ("tfs-model-version=x", "tfs-method=explain", "tfs-model-name=../a"):
            bad = await server.post(b"1", LINES, attributes=attributes)
            assert (bad.status, attributes.partition("=")[0] in error_of(bad.body)) == (400, True)


async def test_an_operator_that_tensorflow_lacks_is_named(saved_models: SavedModels, tmp_path: Path) -> None:
    status, words = await last_words(OLD, tmp_path, saved_models.folder / "broken")
    assert status != 0
    assert "Version 7 of the model half cannot be loaded by TensorFlow" in words
    assert "NoSuchOperator" in words
    assert "Traceback" not in words


@pytest.mark.parametrize(
    ("files", "environment", "words"),
    [
        ((), {}, "no SavedModel bundles found!"),
        (("model.h5",), {}, "such as 1/saved_model.pb"),
        (
            ("a/1/saved_model.pb",),
            {"ENABLE_BATCHING": "yes"},
            "SAGEMAKER_TFS_ENABLE_BATCHING must be true or false",
        ),
        (
            ("a/1/saved_model.pb",),
            {"DEFAULT_MODEL_NAME": "b"},
            "SAGEMAKER_TFS_DEFAULT_MODEL_NAME is b, but the archive has a",
        ),
    ],
)
async def test_an_archive_or_setting_that_cannot_serve_is_refused(
    tmp_path: Path, files: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in files:
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(b"")
    variables = {f"SAGEMAKER_TFS_{name}": value for name, value in environment.items()}
    status, output = await last_words(OLD, tmp_path, model, **variables)
    assert status != 0
    assert words in output
    assert "Traceback" not in output
