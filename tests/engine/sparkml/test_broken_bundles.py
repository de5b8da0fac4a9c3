"""A broken bundle ends with its reason: never with another error, never not at all."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes.sparkml.container.mleap.columns import Numbers, Table, Texts
from engine.runtimes.sparkml.container.mleap.faults import BadBundle, BadRow
from engine.runtimes.sparkml.container.mleap.pipeline import load_pipeline
from engine.runtimes.sparkml.container.mleap.protobuf import Message
from tests.engine.sparkml.bundles import (
    FORMATS,
    Leaf,
    Node,
    Split,
    Vector,
    message,
    pipeline,
    varint,
    write_bundle,
)
from tests.engine.sparkml.running import listed, make_column

TREE = Split(0, Leaf((1.0,)), Split(1, Leaf((2.0,)), Leaf((3.0,)), categories=(1.0,)), threshold=0.5)
TREES = {
    f"tree{number}": Node("decision_tree_regression", {"num_features": 3}, tree=TREE) for number in range(2)
}
WHOLE = pipeline(
    Node("string_indexer", {"labels": ["a", "b"]}, {"input": "text"}, {"output": "index"}),
    Node("one_hot_encoder", {"size": 2, "drop_last": True}, {"input": "index"}, {"output": "hot"}),
    Node("vector_assembler", {}, {"input0": "number", "input1": "hot"}, {"output": "joined"}),
    Node("standard_scaler", {"std": Vector([1.0, 2.0, 3.0])}, {"input": "joined"}, {"output": "scaled"}),
    Node(
        "random_forest_regression",
        {"num_features": 3, "trees": list(TREES), "tree_weights": [1.0, 1.0]},
        {"features": "scaled"},
        {"prediction": "y"},
        parts=TREES,
    ),
)


def try_bundle(folder: Path) -> bool:
    """Load and run the bundle; whether it could be. Only BadBundle and BadRow may come out of it."""
    with contextlib.suppress(BadBundle, BadRow):
        loaded = load_pipeline(folder)
        loaded.run(Table({"text": Texts(["a"]), "number": Numbers(np.array([1.0]))}, 1))
        return True
    return False


@pytest.mark.parametrize("file_format", FORMATS)
def test_bundles_with_random_bytes_changed(tmp_path: Path, file_format: str) -> None:
    original = write_bundle(tmp_path / "original", WHOLE, file_format)
    assert try_bundle(original)
    files = sorted(path.relative_to(original) for path in original.rglob("*") if path.is_file())
    chance = random.Random(7)
    refused = 0
    for number in range(150):
        changed = tmp_path / f"changed-{number}"
        shutil.copytree(original, changed)
        path = changed / chance.choice(files)
        data = bytearray(path.read_bytes())
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        else:
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        refused += not try_bundle(changed)
        shutil.rmtree(changed)
    assert refused > 40


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_file_is_missed_by_its_name(tmp_path: Path, file_format: str) -> None:
    original = write_bundle(tmp_path / "original", WHOLE, file_format)
    for path in sorted(original.rglob("*")):
        # A pipeline's node says nothing that its model does not, and a tree in a forest is all in its tree file.
        unused = (path.stem == "node" and path.parent.name == "root") or (
            path.stem != "tree" and path.parent.name.startswith("tree")
        )
        if path.is_file() and not unused:
            data = path.read_bytes()
            path.unlink()
            with pytest.raises(BadBundle, match=path.name):
                load_pipeline(original)
            path.write_bytes(data)
    assert try_bundle(original)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("", "ends before its last leaf"),
        ('{"type":"internal","split":{"type":"continuous","featureIndex":0,"threshold":1}}', "ends before"),
        ('{"type":"leaf","values":[1]}\n{"type":"leaf","values":[1]}', "goes on behind its last leaf"),
        ('{"type":"internal","split":{"type":"continuous","featureIndex":0,"threshold":1}}\n'
         '{"type":"leaf","values":[1]}', "ends before"),
        ('{"type":"internal","split":{"type":"continuous","featureIndex":7,"threshold":1}}\n'
         '{"type":"leaf","values":[1]}\n{"type":"leaf","values":[1]}', "not one of the model's 1"),
        ('{"type":"leaf","values":[]}', "need 1 values"),
        ('{"type":"leaf"}', "not complete"),
        ('{"type":"internal","split":{"type":"new"}}', "not complete"),
    ],
)  # fmt: skip
def test_a_broken_tree_is_refused(tmp_path: Path, lines: str, reason: str) -> None:
    node = Node(
        "decision_tree_regression",
        {"num_features": 1},
        {"features": "x"},
        {"prediction": "y"},
        tree=Leaf((1.0,)),
    )
    folder = write_bundle(tmp_path / "bundle", node)
    (folder / "root" / "tree.json").write_text(lines)
    with pytest.raises(BadBundle, match=reason):
        load_pipeline(folder)


def test_pipelines_that_nest_without_end_are_refused(tmp_path: Path) -> None:
    node = pipeline()
    for _ in range(60):
        node = pipeline(node)
    with pytest.raises(BadBundle, match="more than 32 levels"):
        load_pipeline(write_bundle(tmp_path / "deep", node))


def linked_pipeline(folder: Path, links: int) -> Path:
    """A bundle whose root is a pipeline of `links` steps, each of them a link to one inner pipeline."""
    inner = pipeline()
    for _ in range(6):
        inner = pipeline(inner)
    bundle = write_bundle(folder, pipeline(*[pipeline()] * links))
    write_bundle(folder / "inner", inner)
    for number in range(links):
        shutil.rmtree(bundle / "root" / f"step{number}.node")
        (bundle / "root" / f"step{number}.node").symlink_to("../inner/root")
    level = bundle / "inner" / "root"
    # Each inner pipeline names its one step thirty times: 30 ** 6 uses of seven folders.
    for _ in range(6):
        (level / "model.json").write_text(
            json.dumps(
                {"op": "pipeline", "attributes": {"nodes": {"type": "list", "string": ["step0"] * 30}}}
            )
        )
        level = level / "step0.node"
    return bundle


def test_a_bundle_whose_parts_are_used_over_and_over_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match="more than 10000 parts"):
        load_pipeline(linked_pipeline(tmp_path / "linked", 3))


def test_a_link_to_the_folder_above_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", pipeline(pipeline()))
    shutil.rmtree(folder / "root" / "step0.node")
    (folder / "root" / "step0.node").symlink_to(".")
    with pytest.raises(BadBundle, match="more than 32 levels"):
        load_pipeline(folder)
    (folder / "root" / "step0.node").unlink()
    (folder / "root" / "step0.node").symlink_to("step0.node")
    with pytest.raises(BadBundle, match="cannot be read: Too many levels of symbolic links"):
        load_pipeline(folder)


def test_a_forest_that_names_one_tree_over_and_over_is_refused_at_once(tmp_path: Path) -> None:
    forest = Node(
        "random_forest_regression",
        {"num_features": 1, "trees": ["tree0"] * 30_000},
        {"features": "x"},
        {"prediction": "y"},
        parts={"tree0": Node("decision_tree_regression", tree=Leaf((1.0,)))},
    )
    with pytest.raises(BadBundle, match="more than 10000 parts"):
        load_pipeline(write_bundle(tmp_path / "forest", forest))


def test_a_bundle_with_too_many_bytes_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", Node("tokenizer", {}, {"input": "x"}, {"output": "y"}))
    # A file with a hole: it takes no room on the disk.
    with (folder / "root" / "model.json").open("r+b") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(BadBundle, match=r"model\.json: the bundle has more than 1073741824 bytes"):
        load_pipeline(folder)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", pipeline())
    (folder / "root" / "model.json").unlink()
    os.mkfifo(folder / "root" / "model.json")
    with pytest.raises(BadBundle, match=r"root/model\.json: it is not a file"):
        load_pipeline(folder)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a\0b", "\ud800"])
def test_a_name_that_no_folder_can_have_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_bundle(tmp_path / "bundle", Node("one_vs_rest", {}))
    nodes = {"type": "list", "string": [name]}
    forest = {"op": "random_forest_regression", "attributes": {"trees": nodes, "num_features": {"long": 1}}}
    (folder / "root" / "model.json").write_text(json.dumps(forest))
    with pytest.raises(BadBundle, match="is no name of a part"):
        load_pipeline(folder)


#: Numbers that no attribute can have, in JSON.
HUGE = ["1" + "0" * 400, "1" + "0" * 5000, "-1e999", "1e308", "NaN", "-9223372036854775809"]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    ("operator", "attribute", "kind"),
    [
        ("decision_tree_regression", "num_features", "long"),
        ("hashing_term_frequency", "num_features", "long"),
        ("one_hot_encoder", "size", "long"),
        ("string_indexer", "labels_length", "int"),
        ("ngram", "n", "long"),
        ("polynomial_expansion", "degree", "long"),
        ("interaction", "num_inputs", "int"),
        ("one_vs_rest", "num_classes", "long"),
        ("vector_indexer", "num_features", "long"),
        ("naive_bayes", "num_classes", "long"),
        ("normalizer", "p_norm", "double"),
        ("regex_tokenizer", "token_min_length", "int"),
    ],
)
def test_huge_numbers_end_in_a_reason(
    tmp_path: Path, number: str, operator: str, attribute: str, kind: str
) -> None:
    node = Node(
        operator,
        {"labels": ["a"]},
        {"input": "x", "features": "x", "input0": "x"},
        {"output": "y", "prediction": "y"},
        tree=Leaf((1.0,)),
    )
    folder = write_bundle(tmp_path / "bundle", node)
    (folder / "root" / "model.json").write_text(
        f'{{"op":"{operator}","attributes":{{"{attribute}":{{"{kind}":{number}}},'
        '"drop_last":{"boolean":true},"match_gaps":{"boolean":true},"regex":{"string":" "}}}'
    )
    with contextlib.suppress(BadBundle, BadRow):
        column = Texts(["a b"]) if operator == "regex_tokenizer" else make_column([[1.0]])
        load_pipeline(folder).run(Table({"x": column}, 1))


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("place", ["featureIndex", "threshold", "categories", "values"])
def test_huge_numbers_in_a_tree_end_in_a_reason(tmp_path: Path, number: str, place: str) -> None:
    node = Node(
        "decision_tree_regression",
        {"num_features": 1},
        {"features": "x"},
        {"prediction": "y"},
        tree=Split(0, Leaf((1.0,)), Leaf((2.0,)), categories=(0.0,) if place == "categories" else None),
    )
    folder = write_bundle(tmp_path / "bundle", node)
    path = folder / "root" / "tree.json"
    lines = path.read_text()
    listed_value = {"featureIndex": "0", "threshold": "0.0", "categories": "[0.0]", "values": "[1.0]"}[place]
    changed = f"[{number}]" if listed_value.startswith("[") else number
    path.write_text(lines.replace(f'"{place}": {listed_value}', f'"{place}": {changed}'))
    assert path.read_text() != lines
    with contextlib.suppress(BadBundle, BadRow):
        load_pipeline(folder).run(Table({"x": make_column([[1.0]])}, 1))


def test_a_step_may_not_be_outside_the_bundle(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", pipeline())
    (folder / "root" / "model.json").write_text(
        '{"op":"pipeline","attributes":{"nodes":{"type":"list","string":["../x"]}}}'
    )
    with pytest.raises(BadBundle, match="no name of a part"):
        load_pipeline(folder)


def test_a_model_without_a_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match=r"put bundle\.json and root/ of the unzipped MLeap bundle"):
        load_pipeline(tmp_path)


def test_tensors_in_base64_are_read(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", Node("idf", {}, {"input": "x"}, {"output": "y"}))
    values = "P+AAAAAAAABAAAAAAAAAAA=="  # 0.5 and 2.0, big-endian.
    (folder / "root" / "model.json").write_text(
        '{"op":"idf","attributes":{"idf":{"type":"tensor","base":"double","shape":{"dimensions":[{"size":2,"name":""}]},'
        f'"value":"{values}"}}}}}}'
    )
    table = Table({"x": make_column([[2.0, 3.0]])}, 1)
    load_pipeline(folder).run(table)
    assert listed(table.column("y")) == [[1.0, 6.0]]


def test_older_numbers_of_types_are_told_by_the_size(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle", Node("idf", {}, {"input": "x"}, {"output": "y"}), "protobuf")
    # Older bundles number double as 6, which is float in newer ones.
    tensor = varint(1 << 3) + varint(6) + message(2, message(1, varint(1 << 3) + varint(2)))
    tensor += message(3, struct.pack(">2d", 0.5, 2.0))
    entry = message(1, b"idf") + message(2, message(3, tensor))
    (folder / "root" / "model.pb").write_bytes(message(1, b"idf") + message(2, message(1, entry)))
    table = Table({"x": make_column([[2.0, 3.0]])}, 1)
    load_pipeline(folder).run(table)
    assert listed(table.column("y")) == [[1.0, 6.0]]


@pytest.mark.parametrize("data", [b"\x80", b"\x0a\x05abc", b"\x0b", b"\xff" * 11, b"\x09\x01"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(BadBundle, match=r"ends in the middle|wire type|ten bytes"):
        Message(data)
