"""Decision trees, all of a model at once and by columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .definitions import TreeNode
from .faults import BadBundle, BadRow

#: Rows that are processed together, few enough for the processor's cache.
_ROWS_AT_ONCE = 4096
#: Maximum number of categories.
_MOST_CATEGORIES = 2**20


class Forest:
    """Trees whose nodes are stored in common arrays.

    `leaf_values` has a row for each leaf of all trees.
    """

    def __init__(self, trees: Sequence[Sequence[TreeNode]], features: int) -> None:
        """Trees whose nodes come in pre-order, on vectors of `features` values. Raises BadBundle."""
        nodes = [node for tree in trees for node in tree]
        leaves = [node.values for node in nodes if node.values is not None]
        if len({len(values) for values in leaves}) > 1:
            raise BadBundle("the leaves of a tree have different numbers of values")
        if any(node.values is None and not 0 <= node.feature < features for node in nodes):
            raise BadBundle(f"a tree splits a feature that is not one of the model's {features}")
        self.features = features
        self.leaf_values = np.array(leaves, dtype=np.float64)
        self._feature = np.array([node.feature for node in nodes], dtype=np.int64)
        self._threshold = np.array([node.threshold for node in nodes])
        self._leaf = np.cumsum([node.values is not None for node in nodes]) - 1
        self._children, self._roots, self._depth = _linked(trees)
        self._tables = _CategoryTables(nodes)

    def leaves(self, vectors: Any) -> Any:
        """The index of the leaf in which each row ends, a column for each tree. Raises BadRow for another width."""
        if vectors.shape[1] != self.features:
            raise BadRow(f"the vectors have {vectors.shape[1]} values; the trees take {self.features}")
        parts = [
            self._leaves(vectors[start : start + _ROWS_AT_ONCE])
            for start in range(0, len(vectors), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self._roots)), dtype=np.int64)

    def _leaves(self, vectors: Any) -> Any:
        values = np.ascontiguousarray(vectors).reshape(-1)
        first = (np.arange(len(vectors)) * self.features)[:, None]
        nodes = np.broadcast_to(self._roots, (len(vectors), len(self._roots)))
        for _ in range(self._depth):
            features = values.take(first + self._feature.take(nodes))
            goes_left = features <= self._threshold.take(nodes)
            goes_left = self._tables.go_left(nodes, features, goes_left)
            # The left child of a node comes before the right one.
            nodes = self._children.take(2 * nodes + ~goes_left)
        return self._leaf.take(nodes)


class _CategoryTables:
    """For each categorical split, which categories go left."""

    def __init__(self, nodes: Sequence[TreeNode]) -> None:
        splits = [node for node in nodes if node.categories is not None]
        highest = max((max(node.categories or (0,)) for node in splits), default=0)
        lowest = min((min(node.categories or (0,)) for node in splits), default=0)
        if not 0 <= lowest <= highest < _MOST_CATEGORIES or len(splits) * highest > 64 * _MOST_CATEGORIES:
            raise BadBundle(f"a tree splits by categories from {lowest} to {highest}")
        # The last column is for what is no category of the split.
        self._goes_left = np.zeros((len(splits), int(highest) + 2), dtype=bool)
        for row, node in enumerate(splits):
            self._goes_left[row] = not node.left_has_categories
            whole_numbers = [int(value) for value in node.categories or () if value == int(value)]
            self._goes_left[row, whole_numbers] = node.left_has_categories
        self._row = np.cumsum([node.categories is not None for node in nodes]) - 1
        self._categorical = np.array([node.categories is not None for node in nodes], dtype=bool)

    def go_left(self, nodes: Any, values: Any, otherwise: Any) -> Any:
        """Whether each value goes left at its node; `otherwise` has the answers of the other nodes."""
        if not len(self._goes_left):
            return otherwise
        categorical = np.flatnonzero(self._categorical.take(nodes))
        if not len(categorical):
            return otherwise
        highest = self._goes_left.shape[1] - 2
        chosen = values.reshape(-1)[categorical]
        is_category = (chosen >= 0) & (chosen <= highest) & (chosen == np.floor(chosen))
        columns = np.where(is_category, chosen, highest + 1).astype(np.int64)
        rows = self._row.take(nodes.reshape(-1)[categorical])
        answers = otherwise.reshape(-1)
        answers[categorical] = self._goes_left[rows, columns]
        return answers.reshape(otherwise.shape)


def _linked(trees: Sequence[Sequence[TreeNode]]) -> tuple[Any, Any, int]:
    """The two children of each node one behind the other, the roots, and the most steps from a root to a leaf.

    A leaf is its own child. Raises BadBundle for trees that end too early or too late.
    """
    children: list[int] = []
    roots: list[int] = []
    depth = 0
    for tree in trees:
        first = len(children) // 2
        roots.append(first)
        # Where the right part of each split that has not got it belongs, and its depth; the nearest is the last.
        waiting: list[tuple[int, int]] = []
        level = 0
        for index, node in enumerate(tree, first):
            depth = max(depth, level)
            if node.values is None:
                children += [index + 1, index]
                waiting.append((2 * index + 1, level + 1))
                level += 1
                continue
            children += [index, index]
            if not waiting:
                break
            place, level = waiting.pop()
            children[place] = index + 1
        if len(children) // 2 - first != len(tree):
            raise BadBundle("a tree goes on behind its last leaf")
        # The right part of a split is what comes next; there must be a node.
        if (
            not tree
            or waiting
            or children[-2] != first + len(tree) - 1
            or max(children[2 * first :]) >= len(children) // 2
        ):
            raise BadBundle("a tree ends before its last leaf")
    return np.array(children), np.array(roots), depth
