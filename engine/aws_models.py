"""AWS's service descriptions from the installed botocore: operations, shapes and limits."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ServiceModel


class _TerseLoader(JSONFileLoader):
    """Reads descriptions without their documentation, which is the larger part of their memory."""

    def load_file(self, file_path: str) -> Any:
        """The description at the path, to which the loader gives no ending; None if there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if not plain.is_file() and not packed.is_file():
            return None
        content = plain.read_bytes() if plain.is_file() else gzip.decompress(packed.read_bytes())
        return json.loads(content, object_pairs_hook=_without_documentation)


def _without_documentation(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A member may have that name too; its value is no text.
    return {name: value for name, value in pairs if name != "documentation" or not isinstance(value, str)}


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's description of a service by its client name, such as "logs". Cached: reading one takes 50 ms."""
    loader = Loader(file_loader=_TerseLoader())
    return ServiceModel(loader.load_service_model(service, "service-2"), service_name=service)
