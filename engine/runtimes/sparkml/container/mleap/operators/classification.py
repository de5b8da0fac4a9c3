"""Models that predict a class."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..classifiers import READERS, Classifier, Reader
from ..columns import Numbers, Table, Vectors
from ..definitions import NodeDefinition
from ..faults import BadBundle
from .base import Factory, ModelPart, Step, input_column, output_column


def _classifier(reader: Reader) -> Factory:
    def make(part: ModelPart, node: NodeDefinition) -> Step:
        classifier = reader(part.attributes, part.folder)
        source, target = input_column(node, "features"), output_column(node, "prediction")
        scores_target = node.output("raw_prediction", "rawPrediction")
        probability_target = node.output("probability")

        def run(table: Table) -> None:
            scores = classifier.scores(table.vectors(source, classifier.width))
            probabilities = classifier.probabilities(scores)
            table.set(target, Numbers(classifier.classes(scores, probabilities)))
            if scores_target is not None:
                table.set(scores_target, Vectors(scores))
            if probability_target is not None:
                table.set(probability_target, Vectors(probabilities))

        return run

    return make


def _one_vs_rest(part: ModelPart, node: NodeDefinition) -> Step:
    count = part.attributes.size("num_classes")
    classifiers = [_part_classifier(part, f"model{number}") for number in range(count)]
    if not classifiers or len({classifier.width for classifier in classifiers}) > 1:
        raise BadBundle("one-vs-rest needs classifiers for vectors of one width")
    source, target = input_column(node, "features"), output_column(node, "prediction")
    probability_target = node.output("probability")

    def run(table: Table) -> None:
        vectors = table.vectors(source, classifiers[0].width)
        positive = np.stack([_positive(classifier, vectors) for classifier in classifiers], axis=1)
        table.set(target, Numbers(np.argmax(positive, axis=1).astype(np.float64)))
        if probability_target is not None:
            table.set(probability_target, Numbers(positive.max(axis=1)))

    return run


def _positive(classifier: Classifier, vectors: Any) -> Any:
    return classifier.probabilities(classifier.scores(vectors))[:, 1]


def _part_classifier(part: ModelPart, name: str) -> Classifier:
    folder = part.folder.child(name)
    model = folder.model()
    reader = READERS.get(model.operator)
    if reader is None:
        raise BadBundle(
            f"{folder.name}: the operator {model.operator} is no classifier that one-vs-rest can use"
        )
    return reader(model.attributes, folder)


FACTORIES: dict[str, Factory] = {
    **{operator: _classifier(reader) for operator, reader in READERS.items()},
    "one_vs_rest": _one_vs_rest,
}
