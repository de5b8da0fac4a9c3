"""The inference images that the SageMaker SDK knows, from the SDK's own table. No call leaves the machine.

The SDK takes seconds and a hundred megabytes to load: call this in a worker or a command only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aws.errors import Unreachable

#: In the order of pickers.
FRAMEWORKS = (
    "xgboost", "sklearn", "pytorch", "tensorflow", "huggingface", "mxnet", "autogluon", "linear-learner",
    "knn", "kmeans", "pca", "randomcutforest", "factorization-machines", "forecasting-deepar", "blazingtext",
    "object2vec", "image-classification", "object-detection", "semantic-segmentation", "ipinsights", "lda",
    "ntm", "sparkml-serving",
)  # fmt: skip
#: The SDK picks an image by instance type; these stand for "any with" and "any without a GPU".
_INSTANCES = {"cpu": "ml.m5.xlarge", "gpu": "ml.g4dn.xlarge"}


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image; `processor` is cpu or gpu, `py_version` may be empty."""

    framework: str
    version: str
    py_version: str
    processor: str
    uri: str


def table(region: str, framework: str) -> list[ImageRow]:
    """The inference images of one of `FRAMEWORKS` in a region, versions rising.

    The first call loads the SDK, which takes seconds. Raises Unreachable if it is not installed here.
    """
    image_uris = _sdk()
    rows: dict[tuple[str, ...], ImageRow] = {}
    for row in _framework_rows(image_uris, framework, region):
        rows[(row.version, row.py_version, row.processor)] = row
    return list(rows.values())


@functools.cache
def _sdk() -> Any:
    try:
        from sagemaker.core import common_utils, image_uris
    except ImportError as error:
        raise Unreachable("The SageMaker SDK is not installed in this process.") from error
    # For the name of each image's registry the SDK parses all of botocore's endpoints anew: 19 of 20 seconds.
    common_utils._botocore_resolver = functools.cache(common_utils._botocore_resolver)
    return image_uris


def _framework_rows(image_uris: Any, framework: str, region: str) -> Iterator[ImageRow]:
    config = image_uris.config_for_framework(framework)
    scope = config.get("inference", config)
    for version, described in scope["versions"].items():
        bases = [name for name in described if name.startswith(("pytorch", "tensorflow"))] or [""]
        for base in bases:
            details = described[base] if base else described
            # Some tables write their lists once for all versions.
            for py_version in details.get("py_versions") or [""]:
                for processor in details.get("processors") or scope.get("processors") or ["cpu"]:
                    image = _Image(framework, version, base, py_version, processor)
                    uri = _uri(image_uris, image, region) if processor in _INSTANCES else ""
                    if uri:
                        yield ImageRow(framework, f"{version} {base}".strip(), py_version, processor, uri)


@dataclass(frozen=True, slots=True)
class _Image:
    framework: str
    version: str
    base: str
    py_version: str
    processor: str


def _uri(image_uris: Any, image: _Image, region: str) -> str:
    """The image's URI; empty if the SDK has no such image in the region, for which it raises ValueError."""
    try:
        return str(
            image_uris.retrieve(
                image.framework,
                region,
                version=image.version,
                py_version=image.py_version or None,
                instance_type=_INSTANCES[image.processor],
                image_scope="inference",
                base_framework_version=image.base or None,
            )
        )
    except (ValueError, KeyError):
        return ""
