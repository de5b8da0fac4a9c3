"""The trees of a model, read from the folders that it names."""

from __future__ import annotations

from .attributes import Attributes
from .faults import BadBundle
from .files import BundleFolder
from .trees import Forest


def read_forest(attributes: Attributes, folder: BundleFolder, leaf_size: int) -> Forest:
    """The trees in the folders that the attribute "trees" names. Raises BadBundle.

    Each leaf must have at least `leaf_size` values.
    """
    names = attributes.texts("trees")
    if not names:
        raise BadBundle(f"{folder.name}: the model has no trees")
    trees = [folder.child(name).tree() for name in names]
    return _checked(Forest(trees, attributes.size("num_features")), folder, leaf_size)


def read_single(attributes: Attributes, folder: BundleFolder, leaf_size: int) -> Forest:
    """The one tree beside a model. Raises BadBundle."""
    return _checked(Forest([folder.tree()], attributes.size("num_features")), folder, leaf_size)


def _checked(forest: Forest, folder: BundleFolder, leaf_size: int) -> Forest:
    if forest.leaf_values.ndim != 2 or forest.leaf_values.shape[1] < leaf_size:
        raise BadBundle(f"{folder.name}: the leaves of the trees need {leaf_size} values")
    return forest
