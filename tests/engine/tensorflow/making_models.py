"""Makes the SavedModels of the tests, in the current folder. Runs in the runtime's environment.

The arguments are photographs. Parts of them are saved as JPEG files and, the same pictures, in TFRecord files. Prints
as JSON what TensorFlow itself answers for each picture alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
PREDICT, REGRESS, CLASSIFY = (f"tensorflow/serving/{method}" for method in ("predict", "regress", "classify"))

Signatures = dict[str, Any]


def save(folder: str, make: Callable[[], Signatures]) -> None:
    """Save the graph that `make` builds, with the signatures that it returns."""
    with v1.Session(graph=v1.Graph()) as session:
        signatures = make()
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save()


def signature(method: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> Any:
    """A signature of these tensors."""
    described = [
        {alias: v1.saved_model.build_tensor_info(tensor) for alias, tensor in tensors.items()}
        for tensors in (inputs, outputs)
    ]
    return v1.saved_model.build_signature_def(*described, method)


def half_plus(amount: float) -> Callable[[], Signatures]:
    """x / 2 + amount, as TensorFlow Serving's own tests have it: x is read from examples, and can be fed as well."""

    def make() -> Signatures:
        serialised = v1.placeholder(tf.string, name="examples")
        example = v1.io.parse_example(serialised, {"x": v1.FixedLenFeature([1], tf.float32)})
        x = tf.identity(example["x"], name="x")
        half = v1.get_variable("half", initializer=0.5)
        y = tf.add(tf.multiply(half, x), amount, name="y")
        labels = tf.constant([["low", "high"]])
        rows = tf.shape(x)[0]
        return {
            "serving_default": signature(PREDICT, {"x": x}, {"y": y}),
            REGRESS: signature(REGRESS, {"inputs": serialised}, {"outputs": y}),
            CLASSIFY: signature(
                CLASSIFY,
                {"inputs": serialised},
                {"classes": tf.tile(labels, [rows, 1]), "scores": tf.concat([1 - y, y], axis=1)},
            ),
        }

    return make


def mixed() -> Signatures:
    """Signatures with several inputs, other types, texts and bytes, and outputs without rows."""
    a = v1.placeholder(tf.float32, [None], name="a")
    n = v1.placeholder(tf.int64, [None], name="n")
    text = v1.placeholder(tf.string, [None], name="text")
    flag = v1.placeholder(tf.bool, [None], name="flag")
    return {
        "serving_default": signature(
            PREDICT, {"a": a, "n": n}, {"sum": a + tf.cast(n, tf.float32), "n": n + 1}
        ),
        "texts": signature(
            PREDICT, {"text": text}, {"again": tf.strings.join([text, text]), "raw_bytes": tf.identity(text)}
        ),
        "flags": signature(PREDICT, {"flag": flag}, {"not": tf.logical_not(flag)}),
        "mean": signature(PREDICT, {"a": a}, {"mean": tf.reduce_mean(a)}),
        "doubles": signature(PREDICT, {"a": a}, {"third": tf.cast(a, tf.float64) / 3}),
        "checked": signature(
            PREDICT, {"a": a}, {"root": tf.debugging.check_numerics(tf.sqrt(a), "there is no root")}
        ),
    }


def classifier() -> Signatures:
    """A picture's class out of seven by random weights, with the inputs and outputs of an ImageNet classifier."""

    random = np.random.default_rng(7)
    image_bytes = v1.placeholder(tf.string, [None], name="input_tensor")
    filters = v1.get_variable("filters", initializer=random.normal(size=(8, 8, 3, 8)).astype(np.float32))
    weights = v1.get_variable("weights", initializer=random.normal(size=(72, 7)).astype(np.float32))

    # Each picture alone, so that its last digits do not depend on the pictures it is batched with.
    def weigh(data: Any) -> Any:
        pixels = tf.image.convert_image_dtype(tf.image.decode_jpeg(data, channels=3), tf.float32)
        picture = tf.image.resize(pixels[tf.newaxis], [24, 24])
        # Nine parts of the picture without its mean brightness, so that pictures differ in their classes.
        parts = tf.nn.conv2d(picture - tf.reduce_mean(picture), filters, 8, "VALID")
        return tf.nn.softmax(tf.matmul(tf.reshape(parts, [1, 72]), weights) / 20)[0]

    rows = tf.map_fn(weigh, image_bytes, fn_output_signature=tf.TensorSpec([7], tf.float32))
    probabilities = tf.identity(rows, name="softmax_tensor")
    classes = tf.argmax(probabilities, axis=1, name="ArgMax")
    return {
        "serving_default": signature(
            PREDICT, {"image_bytes": image_bytes}, {"classes": classes, "probabilities": probabilities}
        )
    }


def break_operator(source: str, target: str) -> None:
    """A copy of a saved model in which an operator has a name that TensorFlow does not know."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString(Path(source, "saved_model.pb").read_bytes())
    graph = model.meta_graphs[0].graph_def
    node = next(node for node in graph.node if node.name == "y")
    node.op = "NoSuchOperator"
    Path(target).mkdir(parents=True)
    Path(target, "saved_model.pb").write_bytes(model.SerializeToString())


def cut(photographs: list[str]) -> list[bytes]:
    """JPEG files of parts of the photographs, of several sizes."""
    pictures = []
    for path in photographs:
        pixels = tf.io.decode_jpeg(Path(path).read_bytes(), channels=3)
        height, width = pixels.shape[:2]
        for top_edge, left_edge, size in (
            (0, 0, 160),
            (height // 4, width // 3, 200),
            (height // 2, 20, 96),
            (10, width // 2, 240),
        ):
            pictures.append(
                tf.io.encode_jpeg(
                    pixels[top_edge : top_edge + size, left_edge : left_edge + size], quality=95
                ).numpy()
            )
    return pictures


def write_pictures(pictures: list[bytes], shards: int) -> None:
    """Write jpegs/NUMBER.jpg, and the same pictures in as many TFRecord files, in order."""
    Path("jpegs").mkdir()
    Path("tfrecords").mkdir()
    for number, picture in enumerate(pictures):
        Path("jpegs", f"{number:05}.jpg").write_bytes(picture)
    share = len(pictures) // shards
    for shard in range(shards):
        with tf.io.TFRecordWriter(f"tfrecords/train-{shard:05}-of-{shards:05}") as writer:
            for picture in pictures[shard * share : (shard + 1) * share]:
                value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[picture]))
                example = tf.train.Example(features=tf.train.Features(feature={"image/encoded": value}))
                writer.write(example.SerializeToString())


def predictions(folder: str, pictures: list[bytes]) -> list[dict[str, Any]]:
    """What the session answers for each picture alone."""
    with v1.Session(graph=v1.Graph()) as session:
        v1.saved_model.load(session, ["serve"], folder)
        answers = [
            session.run(["ArgMax:0", "softmax_tensor:0"], {"input_tensor:0": [picture]})
            for picture in pictures
        ]
    return [{"classes": int(classes[0]), "probabilities": rows[0].tolist()} for classes, rows in answers]


if __name__ == "__main__":
    save("tables/half_plus_three/00000123", half_plus(2.0))
    save("tables/half_plus_three/00000124", half_plus(3.0))
    save("tables/mixed/1", mixed)
    save("pictures/1538687370", classifier)
    break_operator("tables/half_plus_three/00000124", "broken/half/7")
    pictures = cut(sys.argv[1:])
    write_pictures(pictures, 2)
    print(json.dumps(predictions("pictures/1538687370", pictures)))
