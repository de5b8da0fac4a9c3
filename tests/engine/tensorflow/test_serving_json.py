"""TensorFlow Serving's JSON: what it reads and refuses, and how it writes numbers, rows and columns."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtimes.tensorflow.container.faults import ServingFault
from engine.runtimes.tensorflow.container.json_answers import write_columns, write_error, write_rows
from engine.runtimes.tensorflow.container.json_text import read_json
from engine.runtimes.tensorflow.container.numbers import write_decimals
from engine.runtimes.tensorflow.container.predict_request import PredictRequest, read_predict_request


def read(body: bytes | str, **types: str) -> PredictRequest:
    """The request for a signature with inputs of these types; x is a float if none is named."""
    data = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    return read_predict_request(data, lambda _: types or {"x": "float"}, "INVALID_ARGUMENT")


def refusal(body: bytes | str, **types: str) -> str:
    """Why the request is refused with 400."""
    with pytest.raises(ServingFault) as caught:
        read(body, **types)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.5, "3.5"),
        (4.0, "4.0"),
        (9e6, "9e+06"),
        (3e-5, "3e-05"),
        (0.1, "0.1"),
        (1 / 3, "0.333333343"),
        (123456789.0, "123456792.0"),
        (-0.0, "-0.0"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_floats_have_six_digits_or_as_many_as_they_need(value: float, text: str) -> None:
    assert write_decimals(np.array([value], np.float32)) == [text]


def test_doubles_need_up_to_seventeen_digits_and_halves_are_written_as_floats() -> None:
    assert write_decimals(np.array([0.1, 1 / 3, 1e300])) == ["0.1", "0.33333333333333331", "1e+300"]
    assert write_decimals(np.array([0.5, 0.1], np.float16)) == ["0.5", "0.0999755859"]


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_written_floats_read_back_as_the_same(values: list[float]) -> None:
    array = np.array(values, np.float32)
    back = np.array([float(text) for text in write_decimals(array)], np.float64).astype(np.float32)
    assert np.array_equal(back, array, equal_nan=True)


def test_rows_are_on_one_line_and_their_end_on_another() -> None:
    assert write_rows({"y": np.array([[1, 2], [3, 4]])}) == (
        b'{\n    "predictions": [[1, 2], [3, 4]\n    ]\n}'
    )
    assert write_rows({"y": np.zeros((0, 2))}) == b'{\n    "predictions": []\n}'
    assert write_rows({"y": np.zeros((2, 0, 3))}) == b'{\n    "predictions": [[], []\n    ]\n}'
    assert write_rows({"y": np.array([[[True], [False]]])}) == (
        b'{\n    "predictions": [[[true], [false]]\n    ]\n}'
    )


def test_several_outputs_are_objects_with_the_last_name_first() -> None:
    outputs = {"classes": np.array([576]), "probabilities": np.array([[0.25, 1e-07]], np.float32)}
    assert write_rows(outputs).decode() == (
        '{\n    "predictions": [\n        {\n            "probabilities": [0.25, 1e-07],\n'
        '            "classes": 576\n        }\n    ]\n}'
    )


def test_columns_have_a_line_for_each_value() -> None:
    assert (
        write_columns({"y": np.array([3.5, 4])})
        == b'{\n    "outputs": [\n        3.5,\n        4.0\n    ]\n}'
    )
    assert write_columns({"y": np.array(5), "a": np.array([[1]])}).decode() == (
        '{\n    "outputs": {\n        "y": 5,\n        "a": [\n            [\n                1\n            ]\n'
        "        ]\n    }\n}"
    )


def test_texts_are_escaped_and_bytes_are_base64() -> None:
    values = np.array([b'"\\\n\x1f/\xc3\xa4\xff'], dtype=object)
    assert write_rows({"y": values}) == b'{\n    "predictions": ["\\"\\\\\\n\\u001F/\xc3\xa4\xff"\n    ]\n}'
    assert write_rows({"y_bytes": values}).decode() == (
        '{\n    "predictions": [{\n            "b64": "IlwKHy/DpP8="\n        }\n    ]\n}'
    )
    assert write_error('a "b"\n') == b'{\n    "error": "a \\"b\\"\\n"\n}'


def test_rows_of_different_counts_are_refused() -> None:
    with pytest.raises(ServingFault, match="Tensor name: a has inconsistent batch size: 2 expecting: 1"):
        write_rows({"a": np.zeros(2), "b": np.zeros(1)})
    with pytest.raises(ServingFault, match="Tensor name: a has no shape information"):
        write_rows({"a": np.array(1)})


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ('{"instances":[1,2.5]}', [1, 2.5]),
        ('{"instances":[[1],[2]]}', [[1], [2]]),
        ('{"instances":[{"x":[1,2]},{"x":[3,4]}]}', [[1, 2], [3, 4]]),
        ('{"inputs":[[1,2]]}', [[1, 2]]),
        ('{"inputs":{"x":7}}', 7),
        ('{"instances":[NaN,-Infinity,Infinity]} and more', [float("nan"), float("-inf"), float("inf")]),
        (' {"instances":[16777215]}', [16777215]),
        ('{"instances":[[],[]]}', [[], []]),
    ],
)
def test_rows_and_columns_become_tensors(body: str, values: Any) -> None:
    tensor = read(body).tensors["x"]
    assert tensor.dtype == np.float32
    assert np.array_equal(tensor, np.array(values, np.float32), equal_nan=True)


def test_texts_bytes_booleans_and_whole_numbers_are_read() -> None:
    texts = read('{"instances":["\u00e4","\udcff",{"b64":"/w=="},{"b64":"/w"}]}', t="string").tensors["t"]
    assert texts.tolist() == ["\u00e4".encode(), b"\xff", b"\xff", b"\xff"]
    assert read('{"inputs":[true,false]}', b="bool").tensors["b"].tolist() == [True, False]
    assert read('{"inputs":[9223372036854775807]}', n="int64").tensors["n"].tolist() == [2**63 - 1]
    # TensorFlow Serving keeps the last bits of what does not fit into a small type.
    assert read('{"inputs":[300]}', n="uint8").tensors["n"].tolist() == [44]
    mixed = read('{"instances":[{"a":1,"t":"x"},{"t":"y","a":2}]}', a="float", t="string").tensors
    assert (mixed["a"].tolist(), mixed["t"].tolist()) == ([1.0, 2.0], [b"x", b"y"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        ('{"instances":[1 2]}', "Missing a comma or ] after an array element."),
        ('{"a":1 "b"}', "Missing a comma or } after an object member."),
        ('{"a"', "Missing a colon after a name of object member."),
        ('{"a":"', "Missing a closing quotation mark in string."),
        ('{"a":x}', "JSON Parse error: Invalid value. at offset: 5"),
        ("[" * 100_000, "JSON Parse error: "),
        ("[1]", "JSON Value: [\n    1\n] Is not object"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        ('{"instances":[1],"inputs":[1]}', "only one of 'inputs' or 'instances' keys to exist"),
        ('{"instances":1}', "Excepting 'instances' to be an list/array"),
        ('{"instances":[]}', "No values in 'instances' array"),
        ('{"signature_name":1,"inputs":1}', "'signature_name' key must be a string value."),
        ('{"instances":[{"x":1},2]}', "Expecting object but got list at item 1 of input list"),
        ('{"instances":[2,{"x":1}]}', "Expecting value/list but got object at item 1 of input list"),
        ('{"instances":[[1],[1,2]]}', "Expecting tensor size: 1 but got: 2"),
        ('{"instances":[[[1,2]],[[1],[2]]]}', "Expecting shape [1,2] but got: [2,1]"),
        ('{"instances":[[1,[2]]]}', "Encountered list at unexpected level: 1 expected < 1"),
        (
            '{"inputs":[[1],2]}',
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ('{"inputs":[[1,2],[3]]}', "Encountered list at unexpected size: 1 at level: 1 expected size: 2"),
        ('{"inputs":[true]}', "JSON Value: true Type: True is not of expected type: float"),
        ('{"inputs":[null]}', "JSON Value: null Type: Null is not of expected type: float"),
        ('{"inputs":[16777217]}', "Cannot convert JSON value: 16777217 to float without loss of precision."),
        ('{"inputs":[1e39]}', "Cannot convert JSON value: 1e+39 to float without loss of precision."),
        ('{"inputs":{"y":1}}', "Missing named input: x in 'inputs' object."),
        (
            '{"instances":[{"junk":1}]}',
            "Failed to process element: 0 key: junk of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does "
            "not have named input: junk",
        ),
    ],
)
def test_a_body_that_is_wrong_is_refused_in_tensorflow_serving_s_words(body: str, words: str) -> None:
    assert words in refusal(body)


@pytest.mark.parametrize(
    ("dtype", "value", "words"),
    [
        ("int64", "1.0", "JSON Value: 1.0 Type: Number is not of expected type: int64"),
        ("int32", "2147483648", "JSON Value: 2147483648 Type: Number is not of expected type: int32"),
        ("uint32", "-1", "is not of expected type: uint32"),
        ("bool", "1", "JSON Value: 1 Type: Number is not of expected type: bool"),
        ("string", "1", "JSON Value: 1 Type: Number is not of expected type: string"),
        ("float", '{"b64":"AA=="}', "Type: Object is not of expected type: float"),
        ("string", '{"b64":"A===="}', "Unable to base64 decode"),
        ("string", '"\\ud800"', "The surrogate pair in string is invalid."),
    ],
)
def test_a_value_of_another_type_is_refused(dtype: str, value: str, words: str) -> None:
    assert words in refusal(f'{{"inputs":[{value}]}}', x=dtype)


def test_a_type_that_json_cannot_hold_is_not_implemented() -> None:
    with pytest.raises(ServingFault, match="Conversion of JSON Value: 1 to type: complex64") as caught:
        read('{"inputs":[1]}', x="complex64")
    assert caught.value.status == 501


def test_several_inputs_need_objects() -> None:
    assert "expecting list of objects" in refusal('{"instances":[1]}', a="float", b="float")
    assert "expecting an object" in refusal('{"inputs":[1]}', a="float", b="float")
    assert "keys must be equal to: a,b" in refusal('{"instances":[{"a":1}]}', a="float", b="float")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(ServingFault):
        assert isinstance(read_json(body), dict)
