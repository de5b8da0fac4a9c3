"""What Spark's own models answer, recorded by spark/make_expected.py, comes out of their bundles too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sparkml.bundles import FORMATS, Leaf, Node, Split, Vector
from tests.engine.sparkml.running import run

RECORDED = json.loads((Path(__file__).with_name("spark") / "expected.json").read_text())
CASES = {case["name"]: case for case in RECORDED["cases"]}


def attribute(value: Any) -> Any:
    """An attribute as the writer of bundles takes it."""
    if isinstance(value, dict):
        return Vector(value["tensor"], tuple(value["dimensions"]))
    if isinstance(value, list):
        return [attribute(item) for item in value]
    return value


def grown(tree: Any) -> Split | Leaf:
    """A tree of the record."""
    if isinstance(tree, list):
        return Leaf(tuple(tree))
    categories = tuple(tree["categories"]) if "categories" in tree else None
    return Split(
        tree["feature"],
        grown(tree["below"]),
        grown(tree["above"]),
        threshold=tree.get("threshold", 0.0),
        categories=categories,
    )


def node_of(case: dict[str, Any]) -> Node:
    """The step of a case, with the models in it."""
    attributes = {name: attribute(value) for name, value in case["attributes"].items()}
    parts = {
        name: Node(part["operator"], {key: attribute(value) for key, value in part["attributes"].items()})
        for name, part in case.get("parts", {}).items()
    }
    parts |= {
        name: Node("decision_tree", {"num_features": 1}, tree=grown(tree))
        for name, tree in case.get("trees", {}).items()
    }
    tree = grown(case["tree"]) if "tree" in case else None
    return Node(case["operator"], attributes, case["inputs"], case["outputs"], tree=tree, parts=parts)


def close(values: list[Any], relative: float) -> Any:
    """Equal but for the last digits of sums, which Spark adds in another order."""
    if values and isinstance(values[0], float):
        return pytest.approx(values, rel=relative, abs=1e-12, nan_ok=True)
    if values and isinstance(values[0], list) and all(isinstance(item, float) for item in values[0]):
        return [close(row, relative) if row else row for row in values]
    return values


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("name", list(CASES))
def test_a_model_answers_as_in_spark(tmp_path: Path, name: str, file_format: str) -> None:
    case = CASES[name]
    answers = run(tmp_path, node_of(case), file_format, **case["columns"])
    relative = case.get("relative", 1e-12)
    assert answers == {target: close(values, relative) for target, values in case["expected"].items()}
