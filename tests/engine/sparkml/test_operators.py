"""Each operator gives what its formula gives by hand, from bundles in both formats."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from engine.runtimes.sparkml.container.mleap.faults import BadBundle, BadRow
from tests.engine.sparkml.bundles import FORMATS, Leaf, Node, Split, Vector, pipeline
from tests.engine.sparkml.running import run

pytestmark = pytest.mark.parametrize("file_format", FORMATS)

NAN, INF = math.nan, math.inf
INPUT = {"input": "x"}
OUTPUT = {"output": "y"}


def step(operator: str, **attributes: Any) -> Node:
    """A step from x to y."""
    return Node(operator, attributes, INPUT, OUTPUT)


@pytest.mark.parametrize(
    ("node", "values", "expected"),
    [
        pytest.param(
            step("standard_scaler", mean=Vector([1.0, 2.0]), std=Vector([2.0, 0.0])),
            [[5.0, 9.0], [1.0, 2.0]], [[2.0, 0.0], [0.0, 0.0]], id="scaler-with-both",
        ),
        pytest.param(
            step("standard_scaler", std=Vector([3.0])), [[1.0], [10.0]], [[1 * (1 / 3)], [10 * (1 / 3)]],
            id="scaler-multiplies-by-the-inverse",
        ),
        pytest.param(step("standard_scaler", mean=Vector([3.0])), [[1.0]], [[-2.0]], id="scaler-with-mean"),
        pytest.param(
            step("min_max_scaler", min=Vector([0.0, 5.0]), max=Vector([10.0, 5.0])),
            [[2.5, 7.0], [20.0, 5.0]], [[0.25, 0.5], [2.0, 0.5]], id="min-max-without-limits",
        ),
        pytest.param(
            step("min_max_scaler", min=Vector([0.0]), max=Vector([4.0]), minValue=-1.0, maxValue=1.0),
            [[1.0], [4.0]], [[-0.5], [1.0]], id="min-max-with-limits",
        ),
        pytest.param(
            step("max_abs_scaler", maxAbs=Vector([4.0, 0.0, 3.0])), [[-2.0, 0.5, 2.0], [8.0, -3.0, NAN]],
            [[-0.5, 0.5, 2 * (1 / 3)], [2.0, -3.0, NAN]], id="max-abs",
        ),
        pytest.param(step("normalizer", p_norm=2.0), [[3.0, 4.0], [0.0, 0.0]], [[0.6, 0.8], [0.0, 0.0]], id="norm-2"),
        pytest.param(step("normalizer", p_norm=1.0), [[1.0, -3.0]], [[0.25, -0.75]], id="norm-1"),
        pytest.param(step("normalizer", p_norm=INF), [[1.0, -4.0]], [[0.25, -1.0]], id="norm-inf"),
        pytest.param(step("binarizer", threshold=0.5), [0.5, 0.6, -1.0], [0.0, 1.0, 0.0], id="binarizer"),
        pytest.param(step("binarizer", threshold=0.0), [[-1.0, 2.0]], [[0.0, 1.0]], id="binarizer-of-vectors"),
        pytest.param(
            step("bucketizer", splits=[-INF, 0.0, 10.0]), [-5.0, 0.0, 9.0, 10.0], [0.0, 1.0, 1.0, 1.0],
            id="bucketizer",
        ),
        pytest.param(
            step("bucketizer", splits=[0.0, 1.0, 2.0], handle_invalid="keep"), [NAN, 1.5], [2.0, 1.0],
            id="bucketizer-keeps",
        ),
        pytest.param(
            # As exporters write infinite ends in JSON.
            step("bucketizer", splits=[NAN, 0.0, NAN]), [-5.0, -INF, 0.0, INF], [0.0, 0.0, 1.0, 1.0],
            id="bucketizer-with-open-ends",
        ),
        pytest.param(
            step("bucketizer", splits=[0.0, 1.0], handle_invalid="skip"), [0.5, 7.0], [-1.0, -1.0],
            id="bucketizer-skips",
        ),
        pytest.param(
            step("imputer", surrogate_value=7.0, missing_value=-1.0, strategy="mean"), [NAN, -1.0, 2.0],
            [7.0, 7.0, 2.0], id="imputer",
        ),
        pytest.param(step("imputer", imputeValue=7.0, strategy="mean"), [NAN, -1.0], [7.0, -1.0], id="old-imputer"),
        pytest.param(step("idf", idf=Vector([0.5, 2.0])), [[2.0, 3.0]], [[1.0, 6.0]], id="idf"),
        pytest.param(
            step("elementwise_product", scaling_vec=Vector([0.5, 2.0])), [[2.0, 3.0]], [[1.0, 6.0]], id="product"
        ),
        pytest.param(
            # Columns (1, 2, 3) and (4, 5, 6).
            step("pca", principal_components=Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (3, 2))),
            [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], [[6.0, 15.0], [1.0, 4.0]], id="pca",
        ),
        pytest.param(
            # Spark's order for two values: x, x², y, xy, y².
            step("polynomial_expansion", degree=2), [[2.0, 3.0], [0.0, 5.0]],
            [[2.0, 4.0, 3.0, 6.0, 9.0], [0.0, 0.0, 5.0, 0.0, 25.0]], id="polynomial",
        ),
        pytest.param(step("vector_slicer", indices=[2, 0]), [[1.0, 2.0, 3.0]], [[3.0, 1.0]], id="slicer"),
        pytest.param(
            step("vector_slicer", indices=[2], names=["a"], named_indices=[1]), [[1.0, 2.0, 3.0]], [[3.0, 2.0]],
            id="slicer-with-names",
        ),
        pytest.param(step("chi_sq_selector", filter_indices=[0, 2]), [[1.0, 2.0, 3.0]], [[1.0, 3.0]], id="selector"),
        pytest.param(
            step(
                "vector_indexer", num_features=2, keys=[1], key_1_keys=[5.0, 7.0], key_1_values=[0, 1],
                handle_invalid="keep",
            ),
            [[9.0, 7.0], [9.0, 5.0], [9.0, 6.0]], [[9.0, 1.0], [9.0, 0.0], [9.0, 2.0]], id="vector-indexer",
        ),
        pytest.param(step("math_unary", operation="logit"), [0.5], [0.0], id="logit"),
        pytest.param(
            step("math_unary", operation="round_of"), [0.5, -0.5, 2.4999, 0.49999999999999994, NAN],
            [1.0, 0.0, 2.0, 0.0, 0.0], id="round",
        ),
        pytest.param(step("math_unary", operation="sqrt"), [9.0, 2.0], [3.0, math.sqrt(2)], id="sqrt"),
    ],
)  # fmt: skip
def test_numbers_and_vectors(
    tmp_path: Path, file_format: str, node: Node, values: list[Any], expected: list[Any]
) -> None:
    answer = run(tmp_path, node, file_format, x=values)
    assert str(answer) == str({"y": expected})


def test_the_largest_value_limits_others_only_as_in_spark_2(tmp_path: Path, file_format: str) -> None:
    node = step("max_abs_scaler", maxAbs=Vector([4.0, 0.0]))
    answer = run(tmp_path, node, file_format, spark=2, x=[[-2.0, 0.5], [8.0, -3.0], [NAN, 1.0]])
    assert str(answer) == str({"y": [[-0.5, 0.5], [1.0, -1.0], [NAN, 1.0]]})


def test_labels_by_their_newer_names_are_not_read_as_in_spark_2(tmp_path: Path, file_format: str) -> None:
    attributes = {"labels_length": 1, "labels_array_0": ["b", "a"]}
    node = Node("string_indexer", attributes, {"input0": "x"}, {"output0": "y"})
    with pytest.raises(BadBundle, match="the attribute labels is missing"):
        run(tmp_path, node, file_format, spark=2, x=["a"])


@pytest.mark.parametrize(
    ("node", "values", "expected"),
    [
        (step("tokenizer"), ["Hello  World ", "a", "", " "], [["hello", "", "world"], ["a"], [""], []]),
        (step("regex_tokenizer", regex=r"\W+", match_gaps=True, token_min_length=1, lowercase_text=True),
         ["A-b,c!", "éa"], [["a", "b", "c"], ["a"]]),
        (step("regex_tokenizer", regex=r"[a-z]+", match_gaps=False, token_min_length=2, lowercase_text=False),
         ["ab C d efg"], [["ab", "efg"]]),
        (step("stopwords_remover", stop_words=["The", "a"], case_sensitive=False), [["the", "cat", "A"]], [["cat"]]),
        (step("stopwords_remover", stop_words=["The", "a"], case_sensitive=True), [["the", "cat", "a"]],
         [["the", "cat"]]),
        (step("ngram", n=2), [["a", "b", "c"], ["a"]], [["a b", "b c"], []]),
        (step("count_vectorizer", vocabulary=["a", "b"], binary=False, min_tf=1.0), [["b", "a", "b", "z"]],
         [[1.0, 2.0]]),
        (step("count_vectorizer", vocabulary=["a", "b"], binary=True, min_tf=0.5), [["b", "a", "b", "z"]],
         [[0.0, 1.0]]),
        (step("word_to_vector", words=["a", "b"], indices=[1, 0], word_vectors=[1.0, 2.0, 3.0, 4.0]),
         [["a", "b", "b", "z"], [], ["z"]], [[1.25, 2.0], [0.0, 0.0], [0.0, 0.0]]),
        (step("word_to_vector", words=["a"], word_vectors=[3.0, 4.0], kernel="sqrt"), [["a", "a"]], [[0.6, 0.8]]),
    ],
)  # fmt: skip
def test_texts(tmp_path: Path, file_format: str, node: Node, values: list[Any], expected: list[Any]) -> None:
    assert run(tmp_path, node, file_format, x=values) == {"y": expected}


@pytest.mark.parametrize(("version", "places"), [(1, {0, 1, 2}), (2, {5, 7, 8})])
def test_words_are_hashed_as_spark_hashes_them(
    tmp_path: Path, file_format: str, version: int, places: set[int]
) -> None:
    # Where the documentation of Spark 2 and of Spark 3 has the words a, b and c.
    node = step("hashing_term_frequency", num_features=10, binary=False, hashUnsafeBytesVersion=version)
    [row] = run(tmp_path, node, file_format, x=[["a", "b", "c"]])["y"]
    assert {place for place, count in enumerate(row) if count == 1.0} == places


@pytest.mark.parametrize(
    ("attributes", "inputs", "outputs"),
    [
        ({"labels": ["b", "a"]}, {"input": "x"}, {"output": "y"}),
        ({"labels_length": 1, "labels_array_0": ["b", "a"]}, {"input0": "x"}, {"output0": "y"}),
    ],
    ids=["old", "new"],
)
def test_labels_become_indices(
    tmp_path: Path,
    file_format: str,
    attributes: dict[str, Any],
    inputs: dict[str, str],
    outputs: dict[str, str],
) -> None:
    keep = Node("string_indexer", {**attributes, "handle_invalid": "keep"}, inputs, outputs)
    assert run(tmp_path, keep, file_format, x=["a", "b", "c"])["y"] == [1.0, 0.0, 2.0]
    for way in ("error", "skip"):
        refusing = Node("string_indexer", {**attributes, "handle_invalid": way}, inputs, outputs)
        with pytest.raises(BadRow, match="Unseen label: c"):
            run(tmp_path, refusing, file_format, x=["a", "c"])


def test_several_columns_are_indexed_at_once(tmp_path: Path, file_format: str) -> None:
    attributes = {"labels_length": 2, "labels_array_0": ["b", "a"], "labels_array_1": ["1.0", "2.0"]}
    node = Node(
        "string_indexer", attributes, {"input0": "x", "input1": "n"}, {"output0": "y", "output1": "m"}
    )
    # A number has the label that Java writes.
    assert run(tmp_path, node, file_format, x=["a"], n=[2.0]) == {"y": [1.0], "m": [1.0]}


@pytest.mark.parametrize(
    ("attributes", "rows"),
    [
        ({"drop_last": True, "handle_invalid": "error"}, {0.0: [1, 0], 2.0: [0, 0]}),
        ({"drop_last": False, "handle_invalid": "error"}, {0.0: [1, 0, 0], 2.0: [0, 0, 1]}),
        ({"drop_last": False, "handle_invalid": "keep"}, {2.0: [0, 0, 1, 0], 9.0: [0, 0, 0, 1]}),
        ({"drop_last": True, "handle_invalid": "keep"}, {2.0: [0, 0, 1], 9.0: [0, 0, 0]}),
    ],
)
def test_indices_become_vectors(
    tmp_path: Path, file_format: str, attributes: dict[str, Any], rows: dict[float, list[float]]
) -> None:
    node = Node("one_hot_encoder", {"category_sizes": [3], **attributes}, {"input0": "x"}, {"output0": "y"})
    assert run(tmp_path, node, file_format, x=list(rows))["y"] == list(rows.values())


def test_an_old_encoder_has_as_many_values_as_its_size(tmp_path: Path, file_format: str) -> None:
    node = step("one_hot_encoder", size=2, drop_last=True)
    assert run(tmp_path, node, file_format, x=[0.0, 1.0, 2.0])["y"] == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("value", "reason"), [(1.5, "1.5, must be integer"), (-1.0, "Negative value"), (3.0, "Unseen")]
)
def test_an_encoder_refuses_what_is_no_category(
    tmp_path: Path, file_format: str, value: float, reason: str
) -> None:
    node = Node(
        "one_hot_encoder", {"category_sizes": [3], "drop_last": True}, {"input0": "x"}, {"output0": "y"}
    )
    with pytest.raises(BadRow, match=reason):
        run(tmp_path, node, file_format, x=[value])


def test_indices_become_labels(tmp_path: Path, file_format: str) -> None:
    node = step("reverse_string_indexer", labels=["b", "a"])
    assert run(tmp_path, node, file_format, x=[1.0, 0.0])["y"] == ["a", "b"]
    with pytest.raises(BadRow, match=r"index 2\.0 has no label"):
        run(tmp_path, node, file_format, x=[2.0])


@pytest.mark.parametrize(("way", "value"), [("error", NAN), ("skip", NAN), ("error", 2.5), ("keep", 2.5)])
def test_a_number_without_a_bucket_is_refused(
    tmp_path: Path, file_format: str, way: str, value: float
) -> None:
    node = step("bucketizer", splits=[0.0, 1.0, 2.0], handle_invalid=way)
    with pytest.raises(
        BadRow, match=r"encountered NaN|Feature value 2\.5 out of Bucketizer bounds \[0\.0, 2\.0\]"
    ):
        run(tmp_path, node, file_format, x=[0.5, value])


def test_texts_are_mapped_to_numbers(tmp_path: Path, file_format: str) -> None:
    labels = {"labels": ["a", "b"], "values": [0.5, 2.0]}
    assert run(tmp_path, step("string_map", **labels), file_format, x=["b", "a"])["y"] == [2.0, 0.5]
    with pytest.raises(BadRow, match="Missing label: c"):
        run(tmp_path, step("string_map", **labels), file_format, x=["c"])
    lenient = step("string_map", **labels, handle_invalid="keep", default_value=9.0)
    assert run(tmp_path, lenient, file_format, x=["c"])["y"] == [9.0]


def test_columns_are_assembled_in_the_order_of_their_ports(tmp_path: Path, file_format: str) -> None:
    node = Node("vector_assembler", {}, {"input1": "v", "input0": "x", "input2": "z"}, OUTPUT)
    columns = {"x": [1.0, -0.0], "v": [[2.0, 3.0], [4.0, 5.0]], "z": [6.0, 7.0]}
    rows = run(tmp_path, node, file_format, **columns)["y"]
    assert rows == [[1.0, 2.0, 3.0, 6.0], [0.0, 4.0, 5.0, 7.0]]
    # The JVM keeps only what is not zero.
    assert math.copysign(1.0, rows[1][0]) == 1.0


def test_features_interact(tmp_path: Path, file_format: str) -> None:
    attributes = {"num_inputs": 2, "num_features0": [3], "num_features1": [1, 1]}
    node = Node("interaction", attributes, {"input0": "x", "input1": "v"}, OUTPUT)
    rows = run(tmp_path, node, file_format, x=[1.0], v=[[5.0, 7.0]])["y"]
    assert rows == [[0.0, 0.0, 5.0, 7.0, 0.0, 0.0]]


def test_two_numbers_are_combined(tmp_path: Path, file_format: str) -> None:
    ports = {"input_a": "x", "input_b": "z"}
    values = {"x": [7.0, -7.0], "z": [2.0, 2.0]}
    for operation, expected in (
        ("add", [9.0, -5.0]), ("sub", [5.0, -9.0]), ("mul", [14.0, -14.0]), ("div", [3.5, -3.5]),
        ("rem", [1.0, -1.0]), ("pow", [49.0, 49.0]),
    ):  # fmt: skip
        assert run(
            tmp_path, Node("math_binary", {"operation": operation}, ports, OUTPUT), file_format, **values
        ) == {"y": expected}
    halved = Node("math_binary", {"operation": "div", "db": 2.0}, {"input_a": "x"}, OUTPUT)
    assert run(tmp_path, halved, file_format, x=[3.0])["y"] == [1.5]


FEATURES = {"features": "x"}
CLASSES = {"raw_prediction": "raw", "probability": "p", "prediction": "y"}
PREDICTION = {"prediction": "y"}


def test_linear_models(tmp_path: Path, file_format: str) -> None:
    attributes = {"coefficients": Vector([0.1, 0.2, 0.3]), "intercept": 1.0}
    node = Node("linear_regression", attributes, FEATURES, PREDICTION)
    # Added from left to right, the intercept last.
    expected = ((0.1 * 0.7 + 0.2 * 0.1) + 0.3 * 0.9) + 1.0
    assert run(tmp_path, node, file_format, x=[[0.7, 0.1, 0.9]])["y"] == [expected]
    generalized = {**attributes, "family": "poisson", "link": "log"}
    outputs = {"prediction": "y", "link_prediction": "eta"}
    node = Node("generalized_linear_regression", generalized, FEATURES, outputs)
    assert run(tmp_path, node, file_format, x=[[1.0, 0.0, 0.0]]) == {"y": [math.exp(1.1)], "eta": [1.1]}
    with pytest.raises(BadRow, match="have 2 values; the model takes 3"):
        run(tmp_path, node, file_format, x=[[1.0, 0.0]])


def test_two_classes_by_logistic_regression(tmp_path: Path, file_format: str) -> None:
    attributes = {"num_classes": 2, "coefficients": Vector([2.0]), "intercept": 0.0, "threshold": 0.5}
    node = Node("logistic_regression", attributes, FEATURES, CLASSES)
    low, high = 1 / (1 + math.exp(2)), 1 / (1 + math.exp(-2))
    assert run(tmp_path, node, file_format, x=[[1.0], [0.0]]) == {
        "raw": [[-2.0, 2.0], [0.0, 0.0]],
        "p": [[low, high], [0.5, 0.5]],
        "y": [1.0, 0.0],
    }


def test_three_classes_by_logistic_regression(tmp_path: Path, file_format: str) -> None:
    matrix = Vector([1.0, 2.0, 3.0, 0.0, 0.0, 1.0], (3, 2))
    attributes = {"num_classes": 3, "coefficient_matrix": matrix, "intercept_vector": Vector([0.5, 0.0, 0.0])}
    answer = run(
        tmp_path, Node("logistic_regression", attributes, FEATURES, CLASSES), file_format, x=[[1.0, 1.0]]
    )
    assert answer["raw"] == [[1.5, 2.0, 4.0]]
    powers = [math.exp(-2.5), math.exp(-2.0), 1.0]
    assert answer["p"][0] == pytest.approx([power / sum(powers) for power in powers], rel=1e-15)
    assert answer["y"] == [2.0]
    attributes["thresholds"] = [0.01, 0.5, 5.0]
    answer = run(
        tmp_path, Node("logistic_regression", attributes, FEATURES, CLASSES), file_format, x=[[1.0, 1.0]]
    )
    assert answer["y"] == [0.0]


def test_margins(tmp_path: Path, file_format: str) -> None:
    attributes = {"num_classes": 2, "coefficients": Vector([1.0]), "intercept": 0.0, "threshold": 0.5}
    node = Node("linear_svc", attributes, FEATURES, {"raw_prediction": "raw", "prediction": "y"})
    answer = run(tmp_path, node, file_format, x=[[0.4], [0.6]])
    assert answer == {"raw": [[-0.4, 0.4], [-0.6, 0.6]], "y": [0.0, 1.0]}
    node = Node("svm", {**attributes, "thresholds": [0.5, 0.5]}, FEATURES, PREDICTION)
    assert run(tmp_path, node, file_format, x=[[0.4], [-0.6]])["y"] == [1.0, 0.0]


def test_naive_bayes(tmp_path: Path, file_format: str) -> None:
    theta = [math.log(0.2), math.log(0.6), math.log(0.8), math.log(0.4)]
    attributes = {
        "num_features": 2, "num_classes": 2, "pi": Vector([math.log(0.5), math.log(0.5)]),
        "theta": Vector(theta, (2, 2)), "model_type": "multinomial",
    }  # fmt: skip
    node = Node("naive_bayes", attributes, FEATURES, CLASSES)
    answer = run(tmp_path, node, file_format, x=[[1.0, 0.0], [0.0, 1.0]])
    assert answer["p"] == [pytest.approx([0.25, 0.75]), pytest.approx([2 / 3, 1 / 3])]
    assert answer["y"] == [1.0, 0.0]
    node = Node("naive_bayes", {**attributes, "model_type": "bernoulli"}, FEATURES, CLASSES)
    answer = run(tmp_path, node, file_format, x=[[1.0, 0.0]])
    # 0.2 * (1 - 0.8) beside 0.6 * (1 - 0.4).
    assert answer["p"] == [pytest.approx([0.1, 0.9])]
    with pytest.raises(BadRow, match="0 or 1"):
        run(tmp_path, node, file_format, x=[[0.5, 0.0]])


TREE = Split(
    0,
    Leaf((1.0, 3.0)),
    Split(1, Leaf((8.0, 2.0)), Leaf((0.0, 5.0)), categories=(1.0, 2.0)),
    threshold=0.5,
)
#: A row for each leaf: at the threshold, in the categories, outside, and no category at all.
ROWS = [[0.5, 0.0], [0.6, 2.0], [0.6, 0.0], [NAN, 1.5]]


def test_decision_trees(tmp_path: Path, file_format: str) -> None:
    node = Node("decision_tree_regression", {"num_features": 2}, FEATURES, PREDICTION, tree=TREE)
    assert run(tmp_path, node, file_format, x=ROWS)["y"] == [1.0, 8.0, 0.0, 0.0]
    attributes = {"num_features": 2, "num_classes": 2}
    answer = run(
        tmp_path,
        Node("decision_tree_classifier", attributes, FEATURES, CLASSES, tree=TREE),
        file_format,
        x=ROWS,
    )
    assert answer["raw"] == [[1.0, 3.0], [8.0, 2.0], [0.0, 5.0], [0.0, 5.0]]
    assert answer["p"] == [[0.25, 0.75], [0.8, 0.2], [0.0, 1.0], [0.0, 1.0]]
    assert answer["y"] == [1.0, 0.0, 1.0, 1.0]


def test_a_split_may_have_its_categories_on_the_right(tmp_path: Path, file_format: str) -> None:
    tree = Split(0, Leaf((1.0,)), Leaf((2.0,)), categories=(0.0,), is_left=False)
    node = Node("decision_tree_regression", {"num_features": 1}, FEATURES, PREDICTION, tree=tree)
    assert run(tmp_path, node, file_format, x=[[0.0], [1.0]])["y"] == [2.0, 1.0]


def forest(operator: str, tree_operator: str, **attributes: Any) -> Node:
    """A model of TREE and of a single leaf."""
    parts = {
        "tree0": Node(tree_operator, {"num_features": 2, "num_classes": 2}, tree=TREE),
        "tree1": Node(tree_operator, {"num_features": 2, "num_classes": 2}, tree=Leaf((3.0, 1.0))),
    }
    all_attributes = {
        "num_features": 2,
        "trees": ["tree0", "tree1"],
        "tree_weights": [0.5, 2.0],
        **attributes,
    }
    return Node(
        operator,
        all_attributes,
        FEATURES,
        CLASSES if "num_classes" in all_attributes else PREDICTION,
        parts=parts,
    )


def test_forests(tmp_path: Path, file_format: str) -> None:
    mean = forest("random_forest_regression", "decision_tree_regression")
    assert run(tmp_path, mean, file_format, x=ROWS)["y"] == [2.0, 5.5, 1.5, 1.5]
    votes = run(
        tmp_path,
        forest("random_forest_classifier", "decision_tree_classifier", num_classes=2),
        file_format,
        x=ROWS[:2],
    )
    assert votes == {"raw": [[1.0, 1.0], [1.55, 0.45]], "p": [[0.5, 0.5], [0.775, 0.225]], "y": [0.0, 0.0]}


def test_boosted_trees(tmp_path: Path, file_format: str) -> None:
    total = forest("gbt_regression", "decision_tree_regression")
    assert run(tmp_path, total, file_format, x=ROWS)["y"] == [6.5, 10.0, 6.0, 6.0]
    answer = run(
        tmp_path,
        forest("gbt_classifier", "decision_tree_regression", num_classes=2),
        file_format,
        x=ROWS[2:3],
    )
    negative = 1 / (1 + math.exp(12.0))
    assert answer == {"raw": [[-6.0, 6.0]], "p": [[negative, 1 - negative]], "y": [1.0]}


def test_one_classifier_for_each_class(tmp_path: Path, file_format: str) -> None:
    parts = {
        f"model{number}": Node(
            "logistic_regression", {"num_classes": 2, "coefficients": Vector([slope]), "intercept": 0.0}
        )
        for number, slope in enumerate((-1.0, 0.5, 2.0))
    }
    outputs = {"probability": "p", "prediction": "y"}
    node = Node("one_vs_rest", {"num_classes": 3}, FEATURES, outputs, parts=parts)
    answer = run(tmp_path, node, file_format, x=[[1.0], [-1.0]])
    assert answer["y"] == [2.0, 0.0]
    assert answer["p"] == [1 / (1 + math.exp(-2.0)), 1 / (1 + math.exp(-1.0))]


def test_the_nearest_cluster(tmp_path: Path, file_format: str) -> None:
    node = Node(
        "k_means", {"cluster_centers": [Vector([0.0, 0.0]), Vector([3.0, 4.0])]}, FEATURES, PREDICTION
    )
    assert run(tmp_path, node, file_format, x=[[1.0, 1.0], [3.0, 3.0]])["y"] == [0, 1]


def test_pipelines_nest(tmp_path: Path, file_format: str) -> None:
    inner = pipeline(Node("math_unary", {"operation": "abs"}, {"input": "x"}, {"output": "a"}))
    outer = pipeline(inner, Node("math_unary", {"operation": "sqrt"}, {"input": "a"}, {"output": "y"}))
    assert run(tmp_path, outer, file_format, x=[-9.0])["y"] == [3.0]


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (pipeline(step("imaginary_op")), r"root/step0\.node: the operator imaginary_op is not built here"),
        (step("math_unary", operation="cosh"), "cosh"),
        (step("regex_tokenizer", regex="[a&&b]", match_gaps=True), "only Java"),
        (step("regex_tokenizer", regex=r"\p{L}", match_gaps=True), "bad escape"),
        (step("bucketizer", splits=[1.0, 1.0]), "must be two or more numbers that grow"),
        (step("standard_scaler"), "neither mean nor std"),
        (step("hashing_term_frequency", num_features=2**40), "it may be 0 to"),
        (step("string_indexer", handle_invalid="keep"), "the attribute labels is missing"),
        (step("pca", principal_components=Vector([1.0, 2.0])), "1 dimensions"),
        (Node("tokenizer", {}, INPUT, {}), "no output output"),
        (
            forest("random_forest_regression", "decision_tree_regression", trees=["../tree0"]),
            "no name of a part",
        ),
    ],
)
def test_a_bundle_that_cannot_be_run_is_refused_with_its_reason(
    tmp_path: Path, file_format: str, node: Node, reason: str
) -> None:
    with pytest.raises(BadBundle, match=reason):
        run(tmp_path, node, file_format, x=[1.0])
