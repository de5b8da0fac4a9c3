"""The sample: put a small real model and its data into an engine, and submit its job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from aws import objects
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.models.job_values import new_key
from jobs.services.calling import calls_for_person
from jobs.services.errors import NotPossible
from jobs.services.registry import registered_models
from jobs.services.submitting import submission
from jobs.services.submitting.output_folders import dated
from teams.models import ApiToken, Team, User
from transform.spec import TransformSpec

BUCKET = "batchdeck-samples"
NAME = "breast-cancer"


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample in samples/: its folder, its description, and its places in S3."""

    folder: Path
    described: dict[str, Any]

    @property
    def model_name(self) -> str:
        """The name under which the model is registered."""
        return str(self.described["name"])

    @property
    def model_data(self) -> str:
        """The archive's URI in the engine."""
        return f"s3://{BUCKET}/{NAME}/model.tar.gz"

    @property
    def data(self) -> str:
        """The input's URI in the engine."""
        return f"s3://{BUCKET}/{NAME}/data/"

    @property
    def output_path(self) -> str:
        """The output path of sample jobs; each job gets a folder of its own below it."""
        return f"s3://{BUCKET}/{NAME}/output/"


def read() -> Sample:
    """Read the sample's description from the checkout."""
    folder = Path(settings.BASE_DIR) / "samples" / NAME
    return Sample(folder=folder, described=json.loads((folder / "sample.json").read_text()))


def load(connection: Connection, *, by: User | None) -> RegisteredModel:
    """Put the sample's files into the engine and register its model; existing files and model stay.

    Raises Unavailable if the engine does not answer.
    """
    sample = read()
    with calls_for_person(connection) as target:
        objects.make_bucket(target, BUCKET)
        for file in sorted(path for path in sample.folder.rglob("*") if path.is_file()):
            relative = file.relative_to(sample.folder).as_posix()
            if relative != "model.tar.gz" and not relative.startswith("data/"):
                continue
            key = f"{NAME}/{relative}"
            if objects.head(target, BUCKET, key) is None:
                objects.put(target, BUCKET, key, file.read_bytes())
    existing = find_model(connection.team)
    if existing is not None:
        return existing
    return registered_models.register(
        connection,
        name=sample.model_name,
        containers=[registered_models.container(str(sample.described["image"]), sample.model_data)],
        description="The sample model that comes with Batchdeck.",
        by=by,
    )


def find_model(team: Team) -> RegisteredModel | None:
    """The team's sample model; None if it was not loaded."""
    sample = read()
    rows = RegisteredModel.objects.for_team(team).select_related("connection")
    return rows.filter(name=sample.model_name, connection__kind=Connection.Kind.ENGINE).first()


def fields() -> dict[str, Any]:
    """The suggested job's fields by their SDK names, for the new-job form and the API."""
    sample = read()
    suggested: dict[str, Any] = dict(sample.described["job"])
    output_path = dated(sample.output_path, timezone.now(), new_key()[:6])
    return {"model": sample.model_name, "data": sample.data, "output_path": output_path, **suggested}


def run(team: Team, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Submit the sample job. Raises NotPossible if the sample is not loaded for this team."""
    model = find_model(team)
    if model is None:
        raise NotPossible("The sample is not loaded. Start the engine with `./deck up` to have it.")
    sample_fields = fields()
    sample_fields["model_name"] = sample_fields.pop("model")
    return submission.submit(model.connection, TransformSpec.from_fields(sample_fields), by=by, token=token)
