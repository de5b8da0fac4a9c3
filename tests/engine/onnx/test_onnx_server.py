"""ONNX models: what the server takes and answers, and which models it refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.engine.onnx import models
from tests.engine.serving import Served, last_words, served

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("onnx")]

IMAGE = "onnxruntime"
MODELS = {"linear": models.linear(), "mixed": models.mixed(), "classifier": models.classifier()}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Served]]:
    """A server for each model."""
    folder = tmp_path_factory.mktemp("onnx")
    async with AsyncExitStack() as stack:
        started = {}
        for name, content in MODELS.items():
            (folder / name / "model").mkdir(parents=True)
            (folder / name / "model" / "model.onnx").write_bytes(content)
            running = served(IMAGE, folder / name / "server", folder / name / "model")
            started[name] = await stack.enter_async_context(running)
        yield started


@pytest.mark.parametrize(
    ("body", "content_type", "answer"),
    [
        (b"10,3\n0,0\n", "text/csv", b"8.0\n1.0\n"),
        (b"1,0", "text/csv; charset=utf-8", b"1.1\n"),
        (b"[[10, 3], [0, 0]]", "application/json", b'{"predictions": [[8.0], [1.0]]}'),
        (b'{"instances": [[1, 0]]}', "application/json", b'{"predictions": [[1.1]]}'),
        (b'{"inputs": [[1, 0]]}', "application/json", b'{"predictions": [[1.1]]}'),
        (b'{"inputs": {"home": [[1, 0]]}}', "application/json", b'{"predictions": [[1.1]]}'),
        (
            b'{"home": [1, 0]}\n[10, 3]\n'.replace(b"[10, 3]", b'{"home": [10, 3]}'),
            "application/jsonlines",
            b"[1.1]\n[8.0]\n",
        ),
        (b"[1, 0]\n\n[10, 3]", "application/jsonlines", b"[1.1]\n[8.0]\n"),
        (b",1\n", "text/csv", b"nan\n"),
        (b"[[null, 1]]", "application/json", b'{"predictions": [[NaN]]}'),
    ],
)
async def test_rows_of_each_form_give_the_models_numbers_with_the_digits_that_they_need(
    servers: dict[str, Served], body: bytes, content_type: str, answer: bytes
) -> None:
    got = await servers["linear"].post(body, content_type)
    assert (got.status, got.body) == (200, answer)


@pytest.mark.parametrize(
    ("accept", "kind", "answer"),
    [
        ("application/json", "application/json", b'{"predictions": [[1.1]]}'),
        ("image/png, application/jsonlines", "application/jsonlines", b"[1.1]\n"),
        ("*/*", "text/csv", b"1.1\n"),
    ],
)
async def test_accept_names_the_form_of_the_answer(
    servers: dict[str, Served], accept: str, kind: str, answer: bytes
) -> None:
    got = await servers["linear"].post(b"1,0\n", "text/csv", accept)
    assert (got.status, got.headers["content-type"], got.body) == (200, kind, answer)


async def test_several_inputs_and_outputs_are_columns_of_csv_and_names_of_json(
    servers: dict[str, Served],
) -> None:
    got = await servers["mixed"].post(b'3,"a ""b"""\n4,\n', "text/csv")
    assert got.body == b'6,"a ""b"""\n8,\n'
    rows = {"instances": [{"count": 3, "word": "x"}, {"count": [4], "word": ["y"]}]}
    got = await servers["mixed"].post(json.dumps(rows).encode(), "application/json")
    assert got.status == 400, "rows of one form each"
    rows["instances"][1] = {"count": 4, "word": "y"}
    got = await servers["mixed"].post(json.dumps(rows).encode(), "application/json")
    assert json.loads(got.body) == {
        "predictions": [{"twice": [6], "same": ["x"]}, {"twice": [8], "same": ["y"]}]
    }


async def test_a_classifiers_probabilities_come_by_label(servers: dict[str, Served]) -> None:
    got = await servers["classifier"].post(b"[[2], [-1]]", "application/json")
    assert json.loads(got.body) == {
        "predictions": [
            {"label": 9, "chances": {"7": -2.0, "9": 2.0}},
            {"label": 7, "chances": {"7": 1.0, "9": -1.0}},
        ]
    }
    got = await servers["classifier"].post(b"2\n-1\n", "text/csv")
    assert got.body == b"9,-2.0,2.0\n7,1.0,-1.0\n"


@pytest.mark.parametrize(
    ("name", "body", "content_type", "status", "words"),
    [
        ("linear", b"1,2\nsize,3\n", "text/csv", 400, "Row 2, column 1: 'size' is no float32"),
        ("linear", b"1,2\n3\n", "text/csv", 400, "Row 2 has 1 cells; the model takes 2"),
        ("linear", b"\n", "text/csv", 400, "The payload has no rows"),
        ("linear", b"\xff,1", "text/csv", 400, "The payload is not UTF-8"),
        ("linear", b"[[1, 2, 3]]", "application/json", 400, "Got: 3 Expected: 2"),
        ("linear", b'[["1", "2"]]', "application/json", 400, "Input home must be float32, not <U1"),
        ("linear", b"[[1, 2], [3]]", "application/json", 400, "Input home is no array of float32"),
        ("linear", b"{", "application/json", 400, "The payload is not JSON"),
        ("linear", b'{"rows": []}', "application/json", 400, "JSON must be a list of rows"),
        ("linear", b'{"inputs": {"house": [[1, 2]]}}', "application/json", 400, "the model takes home"),
        ("mixed", b"1.5,a\n", "text/csv", 400, "Row 1, column 1: '1.5' is no int64"),
        ("mixed", b'[{"count": 1.5, "word": "a"}]', "application/json", 400, "Input count must be int64"),
        ("mixed", b"[[1, 2]]", "application/json", 400, "an object with the names count, word"),
        (
            "mixed",
            b'[{"count": 1, "word": "a"}, {"count": 1}]',
            "application/json",
            400,
            "Row 2 has the names count; row 1 has count, word",
        ),
        ("linear", b"1,2", "application/x-npy", 415, "ContentType application/x-npy is none of text/csv"),
        ("linear", b"1,2", None, 415, "ContentType (none) is none of text/csv"),
    ],
)
async def test_a_payload_that_does_not_fit_is_refused_by_name(
    servers: dict[str, Served], name: str, body: bytes, content_type: str | None, status: int, words: str
) -> None:
    got = await servers[name].post(body, content_type)
    assert got.status == status
    assert words in got.body.decode()


async def test_an_answer_of_an_unknown_type_is_refused(servers: dict[str, Served]) -> None:
    got = await servers["linear"].post(b"1,2", "text/csv", "application/x-npy")
    assert (got.status, got.body) == (
        406,
        b"Accept application/x-npy is none of text/csv, application/json, application/jsonlines",
    )


@pytest.mark.parametrize(
    ("files", "variables", "words"),
    [
        ({"model.onnx": models.linear(ir_version=99)}, {}, "Unsupported model IR version: 99, max supported"),
        ({"model.onnx": models.linear(opset=99)}, {}, "Opset 99 is under development"),
        ({"model.onnx": b"not a model"}, {}, "cannot be loaded by ONNX Runtime 1.32.0"),
        ({}, {}, "must have model.onnx, or one .onnx file, at its top; it has none"),
        ({"a.onnx": b"", "b.onnx": b""}, {}, "it has a.onnx, b.onnx"),
        (
            {"a.onnx": models.linear()},
            {"ONNX_OUTPUTS": "cost"},
            "ONNX_OUTPUTS names 'cost'; the model has price",
        ),
    ],
    ids=["newer IR", "newer opset", "another file", "no file", "two files", "an unknown output"],
)
async def test_a_model_that_cannot_be_served_ends_the_server_with_the_reason(
    tmp_path: Path, files: dict[str, bytes], variables: dict[str, str], words: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name, content in files.items():
        (model / name).write_bytes(content)
    status, output = await last_words(IMAGE, tmp_path, model, **variables)
    assert status == 1
    assert words in output
