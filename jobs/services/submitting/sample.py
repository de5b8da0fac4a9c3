"""The samples: put small real models and their data into an engine, and submit their jobs."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from aws import objects
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.models.job_values import new_key
from jobs.models.scoped import TeamQuerySet
from jobs.services.calling import calls_for_person
from jobs.services.errors import NotPossible
from jobs.services.registry import registered_models
from jobs.services.submitting import submission
from jobs.services.submitting.output_folders import dated
from samples.picture_archive import ArchiveFailed as ArchiveFailed
from samples.picture_archive import Progress, make_archive
from teams.models import ApiToken, Team, User
from transform.spec import TransformSpec

BUCKET = "batchdeck-samples"
BREAST_CANCER, USED_CARS, PICTURES = "breast-cancer", "used-cars", "pictures"
#: The folders of samples/, in the order in which the home page shows them.
NAMES = (BREAST_CANCER, USED_CARS, PICTURES)


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of samples/: the name of its folder, its description, and its places in S3."""

    name: str
    described: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The sample's folder in the checkout."""
        return Path(settings.BASE_DIR) / "samples" / self.name

    @property
    def model_name(self) -> str:
        """The name under which the model is registered."""
        return str(self.described["name"])

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The model's ContainerDefinitions, with their archives in the engine."""
        definitions = []
        for described in self.described["containers"]:
            archive = f"s3://{BUCKET}/{self.name}/{described['archive']}"
            definition = registered_models.container(described["image"], archive, described.get("env"))
            if hostname := described.get("hostname"):
                definition["ContainerHostname"] = hostname
            definitions.append(definition)
        return definitions

    @property
    def data(self) -> str:
        """The input's URI in the engine."""
        return f"s3://{BUCKET}/{self.name}/data/"

    @property
    def output_path(self) -> str:
        """The output path of the sample's jobs; each job gets a folder of its own below it."""
        return f"s3://{BUCKET}/{self.name}/output/"

    @property
    def versions(self) -> list[dict[str, Any]]:
        """What is registered in the model registry, in order; empty for most samples."""
        versions: list[dict[str, Any]] = self.described.get("versions", {}).get("of", [])
        return versions

    def files(self, progress: Progress) -> Iterator[tuple[str, Path]]:
        """The data and the archives: each object's key and the file that it is made of.

        `progress` receives lines about an archive that is made now. Raises ArchiveFailed.
        """
        for described in self.described["containers"]:
            name = described["archive"]
            if described.get("made_on_first_use"):
                yield f"{self.name}/{name}", make_archive(self.folder, settings.SAMPLES_DIR, progress)
            else:
                yield f"{self.name}/{name}", self.folder / name
        for described in self.versions:
            yield f"{self.name}/{described['archive']}", self.folder / described["archive"]
        for file in sorted((self.folder / "data").iterdir()):
            yield f"{self.name}/data/{file.name}", file


@functools.cache
def read(name: str = BREAST_CANCER) -> Sample:
    """A sample, whose description is read from the checkout once in a process: the home page asks for all."""
    path = Path(settings.BASE_DIR) / "samples" / name / "sample.json"
    return Sample(name, json.loads(path.read_text()))


def load(
    connection: Connection,
    name: str = BREAST_CANCER,
    *,
    by: User | None,
    progress: Progress = lambda _: None,
) -> RegisteredModel:
    """Put a sample's files into the engine and register its model; existing files and model stay.

    `progress` receives lines about what takes long. Raises Unavailable if the engine does not answer, InvalidFields if
    it has another model of this name, ArchiveFailed if its archive cannot be made.
    """
    sample = read(name)
    with calls_for_person(connection) as target:
        objects.make_bucket(target, BUCKET)
        for key, file in sample.files(progress):
            if objects.head(target, BUCKET, key) is None:
                objects.put(target, BUCKET, key, file.read_bytes())
    existing = find_model(connection.team, name)
    if existing is not None:
        return existing
    return registered_models.register(
        connection,
        name=sample.model_name,
        containers=sample.containers,
        description="A sample model that comes with Batchdeck.",
        by=by,
    )


def find_model(team: Team, name: str = BREAST_CANCER) -> RegisteredModel | None:
    """The team's model of this sample; None if it was not loaded."""
    return _models(team).filter(name=read(name).model_name).first()


def loaded(team: Team) -> list[tuple[Sample, RegisteredModel]]:
    """The samples whose models the team has, with these models."""
    samples = [read(name) for name in NAMES]
    models = {model.name: model for model in _models(team).filter(name__in=_model_names(samples))}
    return [(sample, models[sample.model_name]) for sample in samples if sample.model_name in models]


def never_run(team: Team, latest_jobs: Iterable[TransformJob]) -> list[Sample]:
    """The loaded samples without a job, as long as the team's latest jobs are all of samples."""
    samples = [read(name) for name in NAMES]
    if not {job.model_name for job in latest_jobs} <= set(_model_names(samples)):
        return []
    jobs = TransformJob.objects.filter(model=OuterRef("pk"))
    rows = _models(team).filter(name__in=_model_names(samples)).exclude(Exists(jobs))
    names = set(rows.values_list("name", flat=True))
    return [sample for sample in samples if sample.model_name in names]


def fields_of(model: RegisteredModel) -> dict[str, Any]:
    """The suggested job's fields if the model is a sample's; empty for others."""
    if not model.connection.is_engine:
        return {}
    return next((fields(name) for name in NAMES if read(name).model_name == model.name), {})


def fields(name: str = BREAST_CANCER) -> dict[str, Any]:
    """The suggested job's fields by their SDK names, for the new-job form and the API."""
    sample = read(name)
    suggested: dict[str, Any] = dict(sample.described["job"])
    output_path = dated(sample.output_path, timezone.now(), new_key()[:6])
    return {"model": sample.model_name, "data": sample.data, "output_path": output_path, **suggested}


def run(team: Team, name: str = BREAST_CANCER, *, by: User, token: ApiToken | None = None) -> TransformJob:
    """Submit a sample's job. Raises NotPossible if there is no such sample, or it is not loaded for this team."""
    if name not in NAMES:
        raise NotPossible(f"There is no sample named {name}. There are: {', '.join(NAMES)}.")
    model = find_model(team, name)
    if model is None:
        raise NotPossible("The sample is not loaded. Start the engine with `./deck up` to have it.")
    sample_fields = fields(name)
    sample_fields["model_name"] = sample_fields.pop("model")
    return submission.submit(model.connection, TransformSpec.from_fields(sample_fields), by=by, token=token)


def _models(team: Team) -> TeamQuerySet[RegisteredModel]:
    rows = RegisteredModel.objects.for_team(team).select_related("connection")
    return rows.filter(connection__kind=Connection.Kind.ENGINE, connection__removed_at=None)


def _model_names(samples: list[Sample]) -> list[str]:
    return [sample.model_name for sample in samples]
