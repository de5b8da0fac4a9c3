"""A plain loop over a SavedModel, as a person would write it: prints pictures a second as JSON.

python _image_loop.py MODEL COUNT PICTURE...

Runs in the environment of the TensorFlow runtime. COUNT pictures are predicted one after the other, the files again and
again; the first call, which makes TensorFlow ready, is not timed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import tensorflow as tf


def main() -> None:
    """Load the model, predict, print."""
    model, count, *paths = sys.argv[1:]
    bodies = [Path(path).read_bytes() for path in paths]
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        tf.compat.v1.saved_model.load(session, ["serve"], model)
    predict = session.make_callable(["ArgMax:0", "softmax_tensor:0"], ["input_tensor:0"])

    def answer(body: bytes) -> dict[str, Any]:
        classes, probabilities = predict([body])
        return {"classes": int(classes[0]), "probabilities": probabilities[0]}

    answer(bodies[0])
    began = time.perf_counter()
    answers = [answer(bodies[number % len(bodies)]) for number in range(int(count))]
    rate = int(count) / (time.perf_counter() - began)
    print(json.dumps({"rate": rate, "classes": [row["classes"] for row in answers]}))


if __name__ == "__main__":
    main()
