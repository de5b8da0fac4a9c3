"""The SDK's image table as the options of a picker."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from jobs import queries
from jobs.models import Connection

#: What people know the SDK's framework words as.
_TITLES = {
    "xgboost": "XGBoost",
    "sklearn": "scikit-learn",
    "pytorch": "PyTorch",
    "tensorflow": "TensorFlow",
    "mxnet": "MXNet",
    "huggingface": "Hugging Face",
}


def image_choices(connections: Iterable[Connection]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of (framework, [(image URI, words)]) for the regions of these connections."""
    regions = {connection.region for connection in connections}
    groups = []
    for (region, framework), images in groupby(
        queries.images(regions), key=lambda image: (image.region, image.framework)
    ):
        suffix = f" in {region}" if len(regions) > 1 else ""
        options = [(image.uri, _words(image.version, image.py_version, image.processor)) for image in images]
        groups.append((_TITLES.get(framework, framework) + suffix, options))
    return groups


def _words(version: str, py_version: str, processor: str) -> str:
    details = ", ".join(filter(None, (py_version, processor if processor == "gpu" else "")))
    return f"{version} ({details})" if details else version
