"""Every operation of the services that the engine speaks is either done or refused by its name."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from engine.aws_models import service_model
from engine.operations import OPERATIONS
from tests.engine.test_json_protocol import call
from tests.support.engine import EngineProcess

SERVICES = ("sagemaker", "logs", "service-quotas", "cloudwatch", "ssm", "ecr", "events")
SIGNED_AS = {"cloudwatch": "monitoring", "service-quotas": "servicequotas"}


def lacking(service: str) -> Iterator[str]:
    """The operations of botocore's model that have no function."""
    return (name for name in service_model(service).operation_names if (service, name) not in OPERATIONS)


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_the_engine_lacks_says_so_and_names_itself(
    engine: EngineProcess, service: str
) -> None:
    prefix = service_model(service).metadata["targetPrefix"]
    names = list(lacking(service))
    assert names, "AWS has more than this engine"
    for name in names:
        status, _, body = call(engine, f"{prefix}.{name}", b"{}", SIGNED_AS.get(service, service))
        assert (status, json.loads(body)) == (
            501,
            {
                "__type": "NotImplementedException",
                "message": f"The embedded engine does not implement {service}:{name}.",
            },
        )


def test_every_operation_the_engine_has_is_one_of_aws() -> None:
    assert all(name in service_model(service).operation_names for service, name in OPERATIONS)
