"""What a connection can run: instance types, and on an engine container images."""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import urllib3
from botocore.model import StringShape
from botocore.session import get_session

from aws.target import Target

#: Seconds: a person waits, and can do without the answer.
_TIMEOUT = urllib3.Timeout(connect=2, read=4)
_MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Abilities:
    """The instance types that are accepted, and in `against` the reason for each image that cannot run.

    `libraries` has what predicts for an image, with its version: "XGBoost 2.1.4".
    """

    instance_types: frozenset[str]
    against: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)


def abilities(target: Target, images: Collection[str] = ()) -> Abilities | None:
    """Ask an engine about these images and its instance types; None if it does not answer."""
    pool = urllib3.PoolManager(num_pools=1, retries=False, timeout=_TIMEOUT)
    url = f"{target.endpoint_url.rstrip('/')}/_engine/abilities"
    try:
        with pool.request(
            "POST", url, body=json.dumps({"images": list(images)}), preload_content=False
        ) as response:
            body = response.read(_MOST)
            answer = json.loads(body) if response.status == 200 else None
    except (urllib3.exceptions.HTTPError, ValueError, RecursionError):
        return None
    return _read(answer)


@functools.cache
def sagemaker_instance_types() -> frozenset[str]:
    """The instance types of TransformInstanceType in botocore's model of SageMaker, of all regions."""
    shape = get_session().get_service_model("sagemaker").shape_for("TransformInstanceType")
    assert isinstance(shape, StringShape)
    return frozenset(shape.enum)


def _read(answer: Any) -> Abilities | None:
    try:
        types = frozenset(str(name) for name in answer["instance_types"])
        against = {str(image): str(reason) for image, reason in answer["images"].items() if reason}
        libraries = {str(image): str(library) for image, library in answer.get("libraries", {}).items()}
    except (KeyError, TypeError, AttributeError):
        return None
    return Abilities(types, against, libraries)
