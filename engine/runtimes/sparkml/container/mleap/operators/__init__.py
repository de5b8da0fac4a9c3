"""The operators of bundles, a module for each family."""

from __future__ import annotations

from . import assembling, classification, clustering, indexing, maths, regression, scaling, text, vectors
from .base import Factory

#: The function that makes a step, by operator.
FACTORIES: dict[str, Factory] = {
    **assembling.FACTORIES,
    **classification.FACTORIES,
    **clustering.FACTORIES,
    **indexing.FACTORIES,
    **maths.FACTORIES,
    **regression.FACTORIES,
    **scaling.FACTORIES,
    **text.FACTORIES,
    **vectors.FACTORIES,
}
