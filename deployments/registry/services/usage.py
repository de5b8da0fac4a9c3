"""Where the versions of a group are used: the team's models made from them, stages that run them, and jobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import IContains

from deployments.models import DeploymentRun, Promotion, PromotionState, Stage
from jobs import queries
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.models.job import JobQuerySet
from transform.request_addresses import package_version

#: Jobs are counted up to this many, and one more.
COUNTED = queries.COUNTED


@dataclass(frozen=True, slots=True)
class StageUse:
    """A stage of a deployment that uses a version: its name in words, and the page of the deployment."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class VersionUse:
    """The use of one version. `stages` run it now; `arriving` are stages into which it is on its way."""

    models: tuple[RegisteredModel, ...] = ()
    stages: tuple[StageUse, ...] = ()
    arriving: tuple[StageUse, ...] = ()

    @property
    def is_used(self) -> bool:
        """Whether a model or a stage uses it."""
        return bool(self.models or self.stages or self.arriving)

    @property
    def words(self) -> str:
        """What uses it, as the rest of a sentence: "runs in Churn, Production; the model churn-3 is made from it"."""
        parts = [f"it runs in {stage.label}" for stage in self.stages]
        parts += [f"it is on its way into {stage.label}" for stage in self.arriving]
        if self.models:
            names = ", ".join(model.name for model in self.models)
            parts.append(
                f"the model{'s' if len(self.models) > 1 else ''} {names} "
                f"{'are' if len(self.models) > 1 else 'is'} made from it"
            )
        return "; ".join(parts)


def uses_of(connection: Connection, group: str) -> Mapping[int, VersionUse]:
    """The use of each version of the group that is used, by number."""
    models: dict[int, list[RegisteredModel]] = defaultdict(list)
    text = Cast("containers", TextField())
    candidates = queries.models(connection.team).filter(IContains(text, f"{group}/"), connection=connection)
    for model in candidates:
        for name, number in versions_of(model):
            # AWS writes ARNs in small letters.
            if name.lower() == group.lower() and model not in models[number]:
                models[number].append(model)
    stages = _stages_by_version(connection, group)
    arriving = _stages_of_promotions(connection, group)
    return {
        number: VersionUse(
            tuple(models.get(number, ())), tuple(stages.get(number, ())), tuple(arriving.get(number, ()))
        )
        for number in {*models, *stages, *arriving}
    }


def versions_of(model: RegisteredModel) -> list[tuple[str, int]]:
    """Group and number of each version that the model is made from, in the order of its containers."""
    references = (
        package_version(str(container.get("ModelPackageName", ""))) for container in model.containers
    )
    return [reference for reference in references if reference]


def jobs_of(
    connection: Connection, group: str, number: int, models: Collection[RegisteredModel]
) -> JobQuerySet:
    """The team's jobs that used the version, newest first: of models made from it, and of stages that ran it."""
    runs = DeploymentRun.objects.for_team(connection.team).filter(
        stage__deployment__connection=connection,
        stage__deployment__package_group=group,
        version=number,
        job__isnull=False,
    )
    of_models = Q(model__in=[model.pk for model in models])
    return queries.jobs(connection.team).filter(of_models | Q(pk__in=runs.values("job")), root=None)


def job_counts(connection: Connection, uses: Mapping[int, VersionUse]) -> dict[int, int]:
    """The number of jobs of each version's models, counted up to COUNTED + 1 for each version."""
    counts = {}
    for number, use in uses.items():
        rows = TransformJob.objects.for_team(connection.team).filter(model__in=use.models, root=None)
        counts[number] = queries.count(rows.order_by("id")) if use.models else 0
    return counts


def _stages_by_version(connection: Connection, group: str) -> dict[int, list[StageUse]]:
    stages: dict[int, list[StageUse]] = defaultdict(list)
    rows = Stage.objects.for_team(connection.team).filter(
        deployment__connection=connection, deployment__package_group=group, version__isnull=False
    )
    for stage in rows.select_related("deployment"):
        if stage.version is not None:
            stages[stage.version].append(StageUse(str(stage), stage.deployment.get_absolute_url()))
    return stages


def _stages_of_promotions(connection: Connection, group: str) -> dict[int, list[StageUse]]:
    """The stages that a version was asked for, or that it is carried into; an offer alone is no use."""
    stages: dict[int, list[StageUse]] = defaultdict(list)
    rows = Promotion.objects.for_team(connection.team).filter(
        stage__deployment__connection=connection,
        stage__deployment__package_group=group,
        state__in=[PromotionState.WAITING, PromotionState.APPROVED],
    )
    for promotion in rows.select_related("stage__deployment"):
        url = promotion.stage.deployment.get_absolute_url()
        stages[promotion.version].append(StageUse(str(promotion.stage), url))
    return stages
