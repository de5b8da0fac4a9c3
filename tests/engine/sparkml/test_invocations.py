"""Requests are read, refused and answered as the container does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.runtimes.sparkml.container.contract.invocations import ContainerAnswer, Invocations
from engine.runtimes.sparkml.container.mleap.pipeline import load_pipeline
from tests.engine.sparkml.bundles import Node, Vector, pipeline, write_bundle

#: Two numbers and a label become a vector, its prediction, tokens and the nearest cluster.
PIPELINE = pipeline(
    Node("string_indexer", {"labels": ["red", "blue"]}, {"input": "colour"}, {"output": "index"}),
    Node(
        "vector_assembler",
        {},
        {"input0": "size", "input1": "count", "input2": "index"},
        {"output": "features"},
    ),
    Node(
        "linear_regression",
        {"coefficients": Vector([1.0, 0.5, 1e7]), "intercept": 0.0},
        {"features": "features"},
        {"prediction": "price"},
    ),
    Node("tokenizer", {}, {"input": "colour"}, {"output": "tokens"}),
    Node(
        "k_means",
        {"cluster_centers": [Vector([0.0, 0.0, 0.0]), Vector([9.0, 9.0, 0.0])]},
        {"features": "features"},
        {"prediction": "cluster"},
    ),
)
INPUTS = [
    {"name": "size", "type": "double"},
    {"name": "count", "type": "int", "struct": "basic"},
    {"name": "colour", "type": "string"},
]


def schema(name: str, java_type: str = "double", struct: str | None = None) -> dict[str, Any]:
    """A schema with that output."""
    output = {"name": name, "type": java_type, **({"struct": struct} if struct else {})}
    return {"input": INPUTS, "output": output}


PRICE = schema("price")
FEATURES = schema("features", struct="vector")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked bundle of PIPELINE."""
    return write_bundle(tmp_path_factory.mktemp("bundle"), PIPELINE)


def ask(
    bundle: Path,
    body: str | dict[str, Any],
    content_type: str = "text/csv",
    accept: str = "*/*",
    described: dict[str, Any] | None = PRICE,
    **environment: str,
) -> ContainerAnswer:
    """The answer to one request. `described` is the schema of the environment."""
    variables = (
        environment
        if described is None
        else {"SAGEMAKER_SPARKML_SCHEMA": json.dumps(described), **environment}
    )
    payload = body if isinstance(body, str) else json.dumps(body)
    return Invocations(load_pipeline(bundle), variables).answer(payload.encode(), content_type, accept)


def test_a_row_of_csv_is_answered_with_the_output_column(bundle: Path) -> None:
    assert ask(bundle, "1.5,2,red\n") == ContainerAnswer(200, b"2.5", "text/csv")
    assert ask(bundle, '1,2,"blue"').body == b"1.0000002E7"
    assert ask(bundle, "\r\n1.5,2,red,more,cells\r\n").body == b"2.5"


def test_only_the_first_record_of_csv_is_answered(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(bundle, "1.5,2,red\n7,7,red\n").body == b"2.5"
    assert "answers the first and leaves out the others" in capsys.readouterr().out


def test_a_json_request_may_bring_its_schema(bundle: Path) -> None:
    row = {"data": [1.5, 2, "red"]}
    assert ask(bundle, row, "application/json; charset=utf-8").body == b"2.5"
    answer = ask(bundle, {"schema": FEATURES, **row}, "application/json", described=None)
    assert answer == ContainerAnswer(200, b"1.5,2.0,0.0", "text/csv")
    # Numbers are read from their text, as in CSV.
    assert ask(bundle, {"data": ["1.5", "2", "red"]}, "application/json").body == b"2.5"


@pytest.mark.parametrize(
    ("accept", "body", "content_type"),
    [
        ("text/csv", b"1.5,2.0,0.0", "text/csv"),
        ("application/jsonlines", b'{"features":[1.5,2.0,0.0]}', "application/jsonlines"),
        ("application/jsonlines;data=text", b'{"source":"1.5 2.0 0.0"}', "application/jsonlines"),
        ("", b"1.5,2.0,0.0", "text/csv"),
    ],
)
def test_a_vector_is_written_as_accept_wants_it(
    bundle: Path, accept: str, body: bytes, content_type: str
) -> None:
    assert ask(bundle, "1.5,2,red", accept=accept, described=FEATURES) == ContainerAnswer(
        200, body, content_type
    )


def test_one_value_is_written_bare(bundle: Path) -> None:
    answer = ask(bundle, "1.5,2,red", accept="application/jsonlines")
    assert answer == ContainerAnswer(200, b"2.5", "application/jsonlines")
    assert ask(bundle, "8.0,9,red", described=schema("cluster", "int")).body == b"1"
    assert ask(bundle, "8.0,9,red", described=schema("price", "float")).body == b"12.5"
    assert ask(bundle, "8.0,9,red", described=schema("colour", "string")).body == b"red"


def test_an_array_of_texts(bundle: Path) -> None:
    tokens = schema("tokens", "string", "array")
    assert ask(bundle, "1,1,red", described=tokens).body == b"red"
    assert (
        ask(bundle, "1,1,red", accept="application/jsonlines", described=tokens).body
        == b'{"features":["red"]}'
    )


def test_json_lines_are_answered_as_a_java_list(bundle: Path) -> None:
    lines = '{"data":[1.5,2,"red"]}\r\n{"data":[[2.5,2,"red"],[3.5,2,"red"]]}\n'
    assert ask(bundle, lines, "application/jsonlines").body == b"[[2.5], [3.5], [4.5]]"
    first = json.dumps({"schema": FEATURES, "data": [1, 1, "red"]}) + '\n{"data":[2,2,"red"]}'
    answer = ask(bundle, first, "application/jsonlines", "application/jsonlines", described=None)
    assert answer.body == b'[[{"features":[1.0,1.0,0.0]}], [{"features":[2.0,2.0,0.0]}]]'


def test_vectors_and_arrays_come_in_by_json(bundle: Path, tmp_path: Path) -> None:
    node = pipeline(
        Node("stopwords_remover", {"stop_words": ["a"]}, {"input": "words"}, {"output": "kept"}),
        Node("binarizer", {"threshold": 1.0}, {"input": "v"}, {"output": "high"}),
    )
    inputs = [
        {"name": "v", "type": "double", "struct": "vector"},
        {"name": "words", "type": "string", "struct": "array"},
    ]
    folder = write_bundle(tmp_path / "lists", node)
    for output, expected in (("high", b"0.0,1.0"), ("kept", b"b")):
        struct = {"high": ("double", "vector"), "kept": ("string", "array")}[output]
        described = {"input": inputs, "output": {"name": output, "type": struct[0], "struct": struct[1]}}
        answer = ask(folder, {"schema": described, "data": [[1.0, 2.0], ["a", "b"]]}, "application/json")
        assert answer.body == expected
    refused = ask(folder, {"schema": described, "data": [[1, 2.0], ["a"]]}, "application/json")
    assert refused.status == 400
    assert refused.body.startswith(b"java.lang.Integer cannot be cast to java.lang.Double")


def test_the_environment_says_what_is_answered_without_accept(bundle: Path) -> None:
    variable = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/jsonlines"}
    assert ask(bundle, "1.5,2,red", **variable).content_type == "application/jsonlines"
    assert ask(bundle, "1.5,2,red", accept="text/csv", **variable).content_type == "text/csv"


BAD_ACCEPT = "Accept value passed via request or environment variable is not valid"


@pytest.mark.parametrize(
    ("request_parts", "reason"),
    [
        ({"body": "1,1,red", "accept": "application/json"}, BAD_ACCEPT),
        ({"body": "1,1,red", "accept": "text/csv; charset=utf-8"}, BAD_ACCEPT),
        ({"body": "1,1,red", "described": None},
         "Input schema has to be provided either via environment variable or via the request"),
        ({"body": "1.5,2.0,red"}, 'For input string: "2.0"'),
        ({"body": "x,2,red"}, 'For input string: "x"'),
        ({"body": ",2,red"}, "empty String"),
        ({"body": "1,2"}, "Index 2 out of bounds for length 2"),
        ({"body": "\n\n"}, "Index: 0, Size: 0"),
        ({"body": '1,2,"re"d'}, "The payload is not CSV"),
        ({"body": "1,2,green"}, "Unseen label: green"),
        ({"body": {"data": [1.0, 2.0, "red"]}, "content_type": "application/json"}, 'For input string: "2.0"'),
        ({"body": {"data": [1.0]}, "content_type": "application/json"}, "Index: 1, Size: 1"),
        ({"body": {"data": [None, 1, "red"]}, "content_type": "application/json"}, "The value of size is null"),
        ({"body": {"rows": []}, "content_type": "application/json"}, 'The request has no list "data"'),
        ({"body": "{", "content_type": "application/json"}, "The payload is not JSON"),
        ({"body": "[" * 100_000, "content_type": "application/json"}, "The payload is not JSON"),
        ({"body": '{"data":[]}', "content_type": "application/jsonlines"}, "Index: 0, Size: 0"),
        ({"body": "1,1,red", "described": schema("nothing")}, "there is no field nothing"),
        ({"body": "1,1,red", "described": schema("price", "int")}, "The output of the schema is int"),
        ({"body": "1,1,red", "described": schema("price", struct="vector")}, "The output of the schema is vector"),
        ({"body": "1,1,red", "described": schema("price", "decimal")}, "Given type is not supported"),
        ({"body": "1", "described": {"input": [{"name": "a", "type": "date"}], "output": PRICE["output"]}},
         "Given type is not supported"),
        ({"body": '{"data":[1]}', "content_type": "application/json",
          "described": {"input": [{"name": "a", "type": "date"}], "output": PRICE["output"]}},
         "Data type passed in the request is wrong for one or more columns"),
        ({"body": "1", "described": {"input": [{"name": "size", "type": "double"}], "output": PRICE["output"]}},
         "there is no field colour"),
    ],
)  # fmt: skip
def test_a_request_that_the_container_refuses_is_a_400(
    bundle: Path, request_parts: dict[str, Any], reason: str
) -> None:
    answer = ask(bundle, **request_parts)
    assert answer.status == 400
    assert answer.body.decode().startswith(reason)


def test_nothing_is_answered_with_nothing(bundle: Path) -> None:
    assert ask(bundle, "") == ContainerAnswer(204)


def test_another_content_type_is_not_supported(bundle: Path) -> None:
    answer = ask(bundle, "1,1,red", "application/x-npy")
    assert answer.status == 415
    assert json.loads(answer.body)["message"] == "Content type 'application/x-npy' not supported"
