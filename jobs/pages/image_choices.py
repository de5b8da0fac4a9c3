"""The SDK's image table as the options of a picker."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from jobs import queries
from jobs.models import Connection, ContainerImage
from jobs.services.registry import registered_models

#: Titles of the SDK's framework names.
_TITLES = {
    "xgboost": "XGBoost",
    "sklearn": "scikit-learn",
    "pytorch": "PyTorch",
    "tensorflow": "TensorFlow",
    "mxnet": "MXNet",
    "huggingface": "Hugging Face",
}


def image_choices(connections: Iterable[Connection]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of (framework, [(image URI, words)]): the images of AWS's regions, and those that engines run.

    The words name the library that predicts on an engine, or say that no engine of the team runs the image.
    """
    connections = list(connections)
    engines = [connection for connection in connections if connection.is_engine]
    clouds = {connection.region for connection in connections if not connection.is_engine}
    regions = {connection.region for connection in connections}
    table = queries.images(regions)
    libraries = registered_models.runnable(engines, [image.uri for image in table])
    offered = [image for image in table if image.region in clouds or image.uri in libraries]
    groups = []
    for (region, framework), images in groupby(offered, key=lambda image: (image.region, image.framework)):
        suffix = f" in {region}" if len(regions) > 1 else ""
        options = [
            (image.uri, _words(image, libraries.get(image.uri, "AWS only") if engines else ""))
            for image in images
        ]
        groups.append((_TITLES.get(framework, framework) + suffix, options))
    return groups


def _words(image: ContainerImage, engine_words: str) -> str:
    """The image's version and details; `engine_words` say what predicts on an engine."""
    gpu = "gpu" if image.processor == "gpu" else ""
    details = ", ".join(filter(None, (image.py_version, gpu, engine_words)))
    return f"{image.version} ({details})" if details else image.version
