"""AWS's service descriptions from the installed botocore: operations, shapes and limits."""

from __future__ import annotations

import functools

from botocore.loaders import Loader
from botocore.model import ServiceModel


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's description of a service by its client name, such as "logs". Cached: reading one takes 50 ms."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service_name=service)
