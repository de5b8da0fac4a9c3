"""Models that find the nearest cluster."""

from __future__ import annotations

import numpy as np

from ..columns import Numbers, Table
from ..definitions import NodeDefinition
from ..faults import BadBundle
from ..sums import add_rows
from .base import Factory, ModelPart, Step, input_column, output_column


def _k_means(part: ModelPart, node: NodeDefinition) -> Step:
    centres = [tensor.values for tensor in part.attributes.tensors("cluster_centers")]
    if len({len(centre) for centre in centres}) != 1:
        raise BadBundle("the cluster centres have different numbers of values, or there are none")
    source, target = input_column(node, "features"), output_column(node, "prediction")

    def run(table: Table) -> None:
        vectors = table.vectors(source, len(centres[0]))
        distances = np.stack([add_rows((vectors - centre) ** 2) for centre in centres], axis=1)
        table.set(target, Numbers(np.argmin(distances, axis=1), "int"))

    return run


FACTORIES: dict[str, Factory] = {"k_means": _k_means}
