"""The header X-Amzn-SageMaker-Custom-Attributes, which chooses model, version and method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .faults import invalid
from .image_version import ImageGeneration

HEADER = "x-amzn-sagemaker-custom-attributes"
METHODS = ("predict", "classify", "regress")
_ITEM = re.compile(r"(tfs-[a-z-]+)=([^,]+)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


@dataclass(frozen=True, slots=True)
class TfsAttributes:
    """What the header chooses; None where it chooses nothing. `header` is the header as a whole."""

    header: str | None = None
    model_name: str | None = None
    model_version: str | None = None
    method: str | None = None

    def path(self, default_model: str) -> str:
        """The path of TensorFlow Serving's REST interface."""
        version = f"/versions/{self.model_version}" if self.model_version else ""
        return f"/v1/models/{self.model_name or default_model}{version}:{self.method or 'predict'}"


def read_attributes(headers: Mapping[str, str], image: ImageGeneration) -> TfsAttributes:
    """Read the header. Raises ServingFault for an invalid item, where the image checks them."""
    header = headers.get(HEADER)
    items = dict(_ITEM.findall(header or ""))
    attributes = TfsAttributes(
        header, items.get("tfs-model-name"), items.get("tfs-model-version"), items.get("tfs-method")
    )
    if image.checks_attributes:
        _check(attributes)
    return attributes


def _check(attributes: TfsAttributes) -> None:
    if attributes.model_name is not None and not _NAME.fullmatch(attributes.model_name):
        raise invalid(f"Invalid tfs-model-name: {attributes.model_name}")
    if attributes.model_version is not None and not re.fullmatch(r"[0-9]+", attributes.model_version):
        raise invalid(f"Invalid tfs-model-version: {attributes.model_version}")
    if attributes.method is not None and attributes.method not in METHODS:
        raise invalid(f"Invalid tfs-method: {attributes.method}")
