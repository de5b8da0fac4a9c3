"""The AWS services' own descriptions, from the botocore that is installed: shapes, limits, operations."""

from __future__ import annotations

import functools

from botocore.loaders import Loader
from botocore.model import ServiceModel


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's description of a service by client name, such as "logs"; read once, which takes 50 ms."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service_name=service)
