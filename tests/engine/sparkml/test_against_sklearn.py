"""Bundles of models that scikit-learn has trained give scikit-learn's own predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.serving import computed
from tests.engine.sparkml.bundles import FORMATS, Leaf, Node, Split, Vector, pipeline
from tests.engine.sparkml.running import run

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Trains each model on the diabetes data; prints what a bundle has of it, and predictions of rows in 32 bits.
PROGRAM = """
import json
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.cluster import KMeans
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import MinMaxScaler, StandardScaler

data, target = load_diabetes(return_X_y=True)
# Trees compare in 32 bits; both then see equal numbers.
data = data.astype(np.float32).astype(np.float64)
rows, classes = data[:60], np.digitize(target, [100, 180])
result = {"rows": rows.tolist()}

scaler = StandardScaler().fit(data)
result["scaler"] = {"mean": scaler.mean_.tolist(), "std": scaler.scale_.tolist(), "y": scaler.transform(rows).tolist()}
limits = MinMaxScaler((-1, 1)).fit(data)
result["limits"] = {
    "min": limits.data_min_.tolist(), "max": limits.data_max_.tolist(), "y": limits.transform(rows).tolist()
}
linear = LinearRegression().fit(scaler.transform(data), target)
result["linear"] = {
    "coefficients": linear.coef_.tolist(), "intercept": linear.intercept_,
    "y": linear.predict(scaler.transform(rows)).tolist(),
}
logistic = LogisticRegression(max_iter=500).fit(data, classes)
result["logistic"] = {
    "coefficients": logistic.coef_.tolist(), "intercepts": logistic.intercept_.tolist(),
    "p": logistic.predict_proba(rows).tolist(), "y": logistic.predict(rows).tolist(),
}
binary = LogisticRegression().fit(data, classes > 1)
result["binary"] = {
    "coefficients": binary.coef_[0].tolist(), "intercept": binary.intercept_[0],
    "p": binary.predict_proba(rows).tolist(), "y": binary.predict(rows).tolist(),
}
components = PCA(3).fit(data - data.mean(axis=0))
result["pca"] = {"components": components.components_.tolist(), "y": (rows @ components.components_.T).tolist()}
clusters = KMeans(4, n_init=1, random_state=1).fit(data)
result["clusters"] = {"centres": clusters.cluster_centers_.tolist(), "y": clusters.predict(rows).tolist()}
bayes = MultinomialNB().fit(data + 1, classes)
result["bayes"] = {
    "pi": bayes.class_log_prior_.tolist(), "theta": bayes.feature_log_prob_.tolist(),
    "p": bayes.predict_proba(rows + 1).tolist(), "y": bayes.predict(rows + 1).tolist(),
}

def tree(estimator, node=0):
    inner = estimator.tree_
    if inner.children_left[node] < 0:
        return inner.value[node][0].tolist()
    left, right = inner.children_left[node], inner.children_right[node]
    return [int(inner.feature[node]), float(inner.threshold[node]), tree(estimator, left), tree(estimator, right)]

for name, forest, labels in (
    ("forest", RandomForestRegressor(15, max_depth=6, random_state=1), target),
    ("votes", RandomForestClassifier(15, max_depth=6, random_state=1), classes),
):
    forest.fit(data, labels)
    result[name] = {"trees": [tree(one) for one in forest.estimators_], "y": forest.predict(rows).tolist()}
result["votes"]["p"] = forest.predict_proba(rows).tolist()
print(json.dumps(result))
"""
FEATURES = {"features": "x"}
PREDICTION = {"prediction": "y"}
CLASSES = {"probability": "p", "prediction": "y"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What PROGRAM prints."""
    return dict(await computed("sklearn", tmp_path_factory.mktemp("sklearn"), PROGRAM))


def by_columns(rows: list[list[float]]) -> Vector:
    """A matrix as bundles store it."""
    return Vector([row[place] for place in range(len(rows[0])) for row in rows], (len(rows), len(rows[0])))


def grown(tree: list[Any]) -> Split | Leaf:
    """A tree from the lists of PROGRAM."""
    if len(tree) == 4 and isinstance(tree[2], list):
        return Split(tree[0], grown(tree[2]), grown(tree[3]), threshold=tree[1])
    return Leaf(tuple(tree))


def close(expected: Any) -> Any:
    """Equal but for the order in which NumPy adds."""
    return [pytest.approx(row, rel=1e-11, abs=1e-13) for row in expected]


@pytest.mark.parametrize("file_format", FORMATS)
async def test_scalers_and_linear_models(tmp_path: Path, models: dict[str, Any], file_format: str) -> None:
    rows, scaler, linear = models["rows"], models["scaler"], models["linear"]
    scaling = Node(
        "standard_scaler",
        {"mean": Vector(scaler["mean"]), "std": Vector(scaler["std"])},
        {"input": "x"},
        {"output": "scaled"},
    )
    regression = Node(
        "linear_regression",
        {"coefficients": Vector(linear["coefficients"]), "intercept": linear["intercept"]},
        {"features": "scaled"},
        PREDICTION,
    )
    answer = run(tmp_path, pipeline(scaling, regression), file_format, x=rows)
    assert answer["scaled"] == close(scaler["y"])
    assert answer["y"] == close(linear["y"])
    limits = models["limits"]
    bounds = {"min": Vector(limits["min"]), "max": Vector(limits["max"]), "minValue": -1.0, "maxValue": 1.0}
    answer = run(
        tmp_path, Node("min_max_scaler", bounds, {"input": "x"}, {"output": "y"}), file_format, x=rows
    )
    assert answer["y"] == close(limits["y"])
    components = {
        "principal_components": by_columns(
            [list(row) for row in zip(*models["pca"]["components"], strict=True)]
        )
    }
    answer = run(tmp_path, Node("pca", components, {"input": "x"}, {"output": "y"}), file_format, x=rows)
    assert answer["y"] == close(models["pca"]["y"])


async def test_logistic_regression(tmp_path: Path, models: dict[str, Any]) -> None:
    binary, logistic = models["binary"], models["logistic"]
    attributes = {
        "num_classes": 2,
        "coefficients": Vector(binary["coefficients"]),
        "intercept": binary["intercept"],
    }
    answer = run(
        tmp_path, Node("logistic_regression", attributes, FEATURES, CLASSES), "json", x=models["rows"]
    )
    assert answer == {"p": close(binary["p"]), "y": [float(value) for value in binary["y"]]}
    attributes = {
        "num_classes": 3,
        "coefficient_matrix": by_columns(logistic["coefficients"]),
        "intercept_vector": Vector(logistic["intercepts"]),
    }
    answer = run(
        tmp_path, Node("logistic_regression", attributes, FEATURES, CLASSES), "json", x=models["rows"]
    )
    assert answer == {"p": close(logistic["p"]), "y": logistic["y"]}


async def test_naive_bayes_and_clusters(tmp_path: Path, models: dict[str, Any]) -> None:
    bayes, clusters = models["bayes"], models["clusters"]
    attributes = {
        "num_features": 10,
        "num_classes": 3,
        "pi": Vector(bayes["pi"]),
        "theta": by_columns(bayes["theta"]),
        "model_type": "multinomial",
    }
    rows = [[cell + 1 for cell in row] for row in models["rows"]]
    answer = run(tmp_path, Node("naive_bayes", attributes, FEATURES, CLASSES), "json", x=rows)
    assert answer == {"p": close(bayes["p"]), "y": bayes["y"]}
    centres = {"cluster_centers": [Vector(centre) for centre in clusters["centres"]]}
    answer = run(tmp_path, Node("k_means", centres, FEATURES, PREDICTION), "json", x=models["rows"])
    assert answer["y"] == clusters["y"]


@pytest.mark.parametrize("file_format", FORMATS)
async def test_forests(tmp_path: Path, models: dict[str, Any], file_format: str) -> None:
    for name, operator, tree, outputs in (
        ("forest", "random_forest_regression", "decision_tree_regression", PREDICTION),
        ("votes", "random_forest_classifier", "decision_tree_classifier", CLASSES),
    ):
        trees = models[name]["trees"]
        parts = {
            f"tree{number}": Node(tree, {"num_features": 10, "num_classes": 3}, tree=grown(nodes))
            for number, nodes in enumerate(trees)
        }
        attributes = {
            "num_features": 10,
            "num_classes": 3,
            "trees": list(parts),
            "tree_weights": [1.0] * len(parts),
        }
        node = Node(operator, attributes, FEATURES, outputs, parts=parts)
        answer = run(tmp_path, node, file_format, x=models["rows"])
        assert answer["y"] == close(models[name]["y"])
        if name == "votes":
            assert answer["p"] == close(models[name]["p"])
