"""What a person asks of tunings: plan, begin and stop them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from itertools import product
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jobs.costs import amount
from jobs.models import Connection, Preset, TransformJob
from jobs.models.job_values import new_key
from jobs.services.calling import calls_for_person
from jobs.services.errors import InvalidFields, NotPossible
from jobs.services.submitting import estimates, submission
from jobs.tasks import enqueue
from teams import activity
from teams.models import ApiToken, Team, User
from transform.spec import SpecError, TransformSpec
from tuning.lifecycle import sampling
from tuning.lifecycle.sampling import MEGABYTE, MOST_MB, MOST_OBJECTS
from tuning.models import UNDER_WAY, Combination, Tuning
from tuning.tasks import advance_tuning

#: Combinations of a tuning, and tunings of a team that are under way at once.
MOST_COMBINATIONS, MOST_UNDER_WAY = 24, 3
#: The most minutes after which a job is stopped.
LONGEST_MINUTES = 1440
#: The numbers that bound a tuning, each with the most that it may be.
BOUNDS = {"sample_mb": MOST_MB, "most_objects": MOST_OBJECTS, "limit_minutes": LONGEST_MINUTES}
STRATEGIES = ("MultiRecord", "SingleRecord")
#: Fields of a request that would write elsewhere, or that a job on a sample has no use for.
_LEFT_OUT = ("name", "data_capture_config", "experiment_config")


@dataclass(frozen=True, slots=True)
class SettingsGrid:
    """The values that are combined."""

    max_payload: tuple[int, ...] = (1, 6, 20)
    max_concurrent_transforms: tuple[int, ...] = (1, 4)
    strategy: tuple[str, ...] = STRATEGIES

    def settings(self) -> list[dict[str, Any]]:
        """All combinations, by the names of their fields in a request."""
        columns = (getattr(self, name) for name in SETTINGS)
        return [dict(zip(SETTINGS, values, strict=True)) for values in product(*columns)]


#: The fields of a request that are varied.
SETTINGS = tuple(setting.name for setting in fields(SettingsGrid))


@dataclass(frozen=True, slots=True)
class TuningRequest:
    """What is tuned, and how: a request on a connection, the grid, and the bounds of the sample and of each job."""

    connection: Connection
    spec: dict[str, Any]
    grid: SettingsGrid = field(default_factory=SettingsGrid)
    sample_mb: int = 10
    most_objects: int = 20
    limit_minutes: int = 30
    source_job: TransformJob | None = None
    preset: Preset | None = None


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """What a tuning would run. `left_out` has the combinations that SageMaker refuses, each with the reason.

    Times are in seconds and costs in US dollars, of all jobs together: as earlier jobs of the model let expect, None
    without enough of them, and at most, by the limit of each job. Costs are None without a price.
    """

    settings: tuple[dict[str, Any], ...]
    left_out: tuple[tuple[str, str], ...]
    objects: int
    bytes: int
    most_seconds: int
    seconds: int | None = None
    cost: Decimal | None = None
    most_cost: Decimal | None = None


def request_of_job(job: TransformJob, **bounds: Any) -> TuningRequest:
    """The tuning of a job's request."""
    return TuningRequest(
        job.connection, _request_on_sample(job.spec), source_job=job, preset=job.preset, **bounds
    )


def request_of_preset(team: Team, preset: Preset, places: Mapping[str, str], **bounds: Any) -> TuningRequest:
    """The tuning of a preset's request, with `data` and `output_path` of `places` where they are given.

    Raises InvalidFields.
    """
    body = {**preset.body, **{name: text for name, text in places.items() if text}}
    connection, spec, _ = submission.parse(team, body)
    return TuningRequest(connection, _request_on_sample(spec.to_fields()), preset=preset, **bounds)


def _request_on_sample(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request that its jobs on the sample have too."""
    return {name: value for name, value in spec.items() if name not in _LEFT_OUT}


def plan(request: TuningRequest) -> TuningPlan:
    """What the tuning would run, on how much, how long and for how much.

    Raises InvalidFields, and Unavailable if the input cannot be listed.
    """
    _check(request)
    accepted_settings, refusals = _sorted_out(request)
    with calls_for_person(request.connection) as target:
        try:
            sample = sampling.choose(
                target,
                request.spec,
                most_bytes=request.sample_mb * MEGABYTE,
                most_objects=request.most_objects,
            )
        except ValueError as error:
            raise InvalidFields({"data": [str(error)]}) from error
    return _with_costs(request, accepted_settings, refusals, len(sample.rows), sample.bytes)


def _check(request: TuningRequest) -> None:
    problems: dict[str, list[str]] = {}
    grid = request.grid
    for name in SETTINGS:
        values: Sequence[Any] = getattr(grid, name)
        if not values or len(set(values)) < len(values):
            problems[name] = ["Give one or more different values."]
        elif request.preset and name in request.preset.locked and tuple(values) != (_locked(request, name),):
            problems[name] = [f"It is locked by the preset {request.preset.name}: {_locked(request, name)}."]
    count = len(grid.settings())
    if not problems and count > MOST_COMBINATIONS:
        problems["max_payload"] = [f"These are {count} combinations; at most {MOST_COMBINATIONS} can be run."]
    for name, most in BOUNDS.items():
        if not 1 <= getattr(request, name) <= most:
            problems[name] = [f"It must be a whole number from 1 to {most:,}."]
    problems |= _problems_with_place(request)
    if problems:
        raise InvalidFields(problems)


def _locked(request: TuningRequest, name: str) -> Any:
    return request.preset.body.get(name) if request.preset else None


def _problems_with_place(request: TuningRequest) -> dict[str, list[str]]:
    """Whether there is room for the sample, and whether the connection may use what the request names."""
    spec = request.spec
    if missing := [name for name in ("data", "output_path") if not spec.get(name)]:
        return {name: ["Say which S3 address it is."] for name in missing}
    try:
        _folder_of(request, "check")
        problems = submission.scope_problems(request.connection, TransformSpec.from_fields(dict(spec)))
    except SpecError as error:
        return {name: list(texts) for name, texts in error.errors.items()}
    except ValueError as error:
        return {"output_path": [str(error)]}
    return problems


def _folder_of(request: TuningRequest, key: str) -> str:
    spec = request.spec
    return sampling.place_of(
        spec["data"],
        spec["output_path"],
        key,
        request.connection.scope,
        is_manifest=spec.get("data_type") == "ManifestFile",
    )


def _sorted_out(request: TuningRequest) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """The combinations that SageMaker takes, and the others with the reason. Raises InvalidFields if none is left."""
    accepted_settings, refusals = [], []
    for settings in request.grid.settings():
        try:
            TransformSpec.from_fields({**request.spec, **settings})
        except SpecError as error:
            reasons = " ".join(text for texts in error.errors.values() for text in texts)
            refusals.append((str(Combination(**settings)), reasons))
        else:
            accepted_settings.append(settings)
    if not accepted_settings:
        raise InvalidFields({"max_payload": [f"SageMaker takes none of them. {refusals[0][1]}"]})
    return accepted_settings, refusals


def _with_costs(
    request: TuningRequest,
    accepted_settings: list[dict[str, Any]],
    refusals: list[tuple[str, str]],
    objects: int,
    size: int,
) -> TuningPlan:
    spec, connection = request.spec, request.connection
    instances = int(spec.get("instance_count") or 1)
    instance_type = str(spec.get("instance_type", ""))
    estimate = estimates.estimate(
        connection,
        model_name=str(spec.get("model_name", "")),
        instance_type=instance_type,
        instance_count=instances,
        size=size,
        objects=objects,
    )
    price = estimates.price_of(connection, instance_type)
    most_seconds = len(accepted_settings) * request.limit_minutes * 60
    seconds = len(accepted_settings) * estimate.middle if estimate else None
    return TuningPlan(
        tuple(accepted_settings),
        tuple(refusals),
        objects,
        size,
        most_seconds,
        seconds,
        amount(seconds * instances, price) if price is not None and seconds is not None else None,
        amount(most_seconds * instances, price) if price is not None else None,
    )


def begin(request: TuningRequest, *, by: User, token: ApiToken | None = None) -> Tuning:
    """Begin a tuning, whose jobs run one after the other for `by`. Raises as `plan`, and NotPossible."""
    tuning_plan = plan(request)
    team = request.connection.team
    key = new_key()
    with transaction.atomic():
        # Until the end of the transaction nobody else of the team begins one.
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if Tuning.objects.for_team(team).filter(state__in=UNDER_WAY).count() >= MOST_UNDER_WAY:
            raise NotPossible(f"{team} has {MOST_UNDER_WAY} tunings under way. Wait for one, or stop one.")
        tuning = Tuning.objects.create(
            key=key,
            team=team,
            connection=request.connection,
            user=by,
            source_job=request.source_job,
            preset=request.preset,
            model_name=str(request.spec.get("model_name", "")),
            spec=request.spec,
            folder=_folder_of(request, key),
            sample_mb=request.sample_mb,
            most_objects=request.most_objects,
            limit_minutes=request.limit_minutes,
        )
        Combination.objects.bulk_create(
            Combination(tuning=tuning, position=position, **settings)
            for position, settings in enumerate(tuning_plan.settings)
        )
        detail: dict[str, object] = {"combinations": len(tuning_plan.settings), "folder": tuning.folder}
        activity.record(team, by, "tuning.created", tuning, detail=detail, token=token)
        enqueue(advance_tuning, tuning.pk)
    return tuning


def stop(tuning: Tuning, *, by: User, token: ApiToken | None = None) -> None:
    """Stop a tuning with the job that runs; a repeated request changes nothing. Raises NotPossible if it has ended."""
    now = timezone.now()
    with transaction.atomic():
        under_way = Tuning.objects.filter(pk=tuning.pk, state__in=UNDER_WAY)
        if under_way.filter(stop_requested_at=None).update(
            stop_requested_at=now, stop_requested_by=by, try_at=now
        ):
            activity.record(tuning.team, by, "tuning.stop_requested", tuning, token=token)
            enqueue(advance_tuning, tuning.pk)
        elif not under_way.exists():
            raise NotPossible("This tuning has ended already.")
    tuning.refresh_from_db()


def tunings_of(team: Team) -> QuerySet[Tuning]:
    """The team's tunings, newest first, each with its combinations and what it names."""
    rows = Tuning.objects.for_team(team).select_related("connection", "source_job", "preset", "user", "team")
    return rows.prefetch_related("combinations__job").order_by("-id")


def best_of(combinations: Sequence[Combination]) -> Combination | None:
    """The combination with the most records a second; None if none completed."""
    ran = [row for row in combinations if row.records_per_second is not None]
    return max(ran, key=lambda row: row.records_per_second or 0.0, default=None)
