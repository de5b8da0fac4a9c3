"""Put the sample's group with its versions into an engine's model registry."""

from __future__ import annotations

from aws import Target, package_groups, packages
from jobs.models import Connection
from jobs.services.calling import calls_for_person
from jobs.services.registry import registered_models
from jobs.services.submitting import sample


def load(connection: Connection, name: str = sample.BREAST_CANCER) -> bool:
    """Create the group of a loaded sample with its versions. False if it has none, or the group is there already.

    Raises Unavailable if the engine does not answer or refuses.
    """
    described = sample.read(name).described.get("versions")
    if not described:
        return False
    group: str = described["group"]
    with calls_for_person(connection) as target:
        if package_groups.describe(target, group) is not None:
            return False
        package_groups.create(target, group, description=described["description"])
        _create_versions(target, sample.read(name), group)
    return True


def _create_versions(target: Target, of_sample: sample.Sample, group: str) -> None:
    image, job = of_sample.described["containers"][0]["image"], of_sample.described["job"]
    for version in of_sample.versions:
        archive = f"s3://{sample.BUCKET}/{of_sample.name}/{version['archive']}"
        packages.create(
            target,
            packages.NewVersion(
                group,
                [registered_models.container(image, archive)],
                content_types=[job["content_type"]],
                response_types=[job["accept"]],
                transform_instance_types=[job["instance_type"]],
                description=version["description"],
                approval=version["approval"],
                custom=version["metrics"],
            ),
        )
