"""Write a made-up history of many jobs, to test pages and queries at size, without a model instance for each row."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db import connection as database
from django.utils import timezone

from jobs.batches import batched
from jobs.lifecycle import summing
from jobs.lifecycle.creating import columns_of_request
from jobs.models import Connection, RegisteredModel, TransformJob
from jobs.models.job_values import derived, new_key, searchable
from jobs.models.job_warnings import job_warning
from jobs.states import JobState, WarningCode
from teams.models import Membership, Role, Team, User

PREFIX = "seed-"
YEAR = timedelta(days=365)
#: Rows sent to the database together.
BATCH = 5000
PEOPLE = ("ada", "bela", "chen", "dara", "eli", "faye", "gus", "hana")
MODELS = (
    "churn",
    "fraud",
    "ocr",
    "tagger",
    "demand",
    "router",
    "embed",
    "sentiment",
    "risk",
    "uplift",
    "ranker",
    "asr",
)
INSTANCES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.2xlarge", "ml.g5.xlarge", "ml.g5.2xlarge", "ml.p3.2xlarge")
_LOGS = "See job logs for more information"
#: Causes of failure: slug, SageMaker's reason, line of the log, and weight.
FAILURES = (
    ("wrong-columns", f"ClientError: {_LOGS}", "Feature shape mismatch, expected: 30, got 31", 30),
    (
        "invocation-timeout",
        f"AlgorithmError: {_LOGS}",
        "Model server did not respond to /invocations request",
        20,
    ),
    ("model-error", f"AlgorithmError: {_LOGS}", "ValueError: could not convert string to float", 15),
    ("out-of-memory", f"AlgorithmError: {_LOGS}", "torch.cuda.OutOfMemoryError: CUDA out of memory.", 10),
    ("no-capacity", "CapacityError: Unable to provision requested ML compute capacity.", "", 10),
    ("unknown", f"AlgorithmError: {_LOGS}", "", 10),
    ("internal-error", "InternalServerError: We encountered an internal error. Please try again.", "", 5),
)
_HOW_OFTEN = [often for *_, often in FAILURES]
_REFUSED = "The account's quota of ml.p3.2xlarge for transform job usage is 0 instances."
_SHORT_OF_ROWS = [
    job_warning(
        WarningCode.ROWS_DIFFER, "1 of the files has another number of rows in its output than in its input."
    )
]
#: States of ended jobs and their percentage.
_ENDS = {
    JobState.COMPLETED: 80,
    JobState.FAILED: 13,
    JobState.STOPPED: 4,
    JobState.REJECTED: 2,
    JobState.CANCELLED: 1,
}
_PRICE = Decimal("0.23")
#: Part of the completed ones that have a warning.
_WARNED = 0.03
#: Few jobs run at any time, however long the history.
_ACTIVE = 40


class _TeamSeed:
    """A team with its people, connections and models."""

    def __init__(self, number: int) -> None:
        slug = f"{PREFIX}{number:02}"
        self.team = Team.objects.create(name=f"Seed team {number:02}", slug=slug)
        self.people = [User.objects.create_user(f"{slug}-{name}") for name in PEOPLE]
        for position, person in enumerate(self.people):
            Membership.objects.create(
                team=self.team, user=person, role=Role.OPERATOR if position else Role.ADMIN
            )
        self.connections = [
            Connection.objects.create(
                team=self.team,
                slug=name,
                name=name.title(),
                kind=Connection.Kind.ENGINE,
                endpoint_url="http://127.0.0.1:9",
                import_external=False,
            )
            for name in ("prod", "trial")
        ]
        self.models = [
            RegisteredModel.objects.create(
                team=self.team, connection=self.connections[0], name=name, containers=[{"Image": "image:1"}]
            )
            for name in MODELS
        ]


def real_jobs() -> bool:
    """Whether there are jobs that were not seeded."""
    return TransformJob.objects.exclude(team__slug__startswith=PREFIX).exists()


def seed(jobs: int, teams: int, *, tell: Callable[[int], None] = lambda count: None, luck: int = 1) -> Team:
    """Write `jobs` jobs of the last year for `teams` new teams, most of them for the first; returns the first team.

    `tell` is called with the number written so far. The jobs have no timeline and no plan of their inputs.
    """
    dice = random.Random(luck)  # noqa: S311  # made-up jobs are no secret
    first = Team.objects.filter(slug__startswith=PREFIX).count() + 1
    seeds = [_TeamSeed(number) for number in range(first, first + teams)]
    shares = list(accumulate(1 / (rank + 1) for rank in range(teams)))
    base = _blank_row()
    rows = (
        _row(base, number, jobs, dice.choices(seeds, cum_weights=shares)[0], dice) for number in range(jobs)
    )
    count = 0
    for batch in batched(rows, BATCH):
        _write(list(base), batch)
        count += len(batch)
        tell(count)
    for seed in seeds:
        # Merges what the triggers wrote for each batch.
        summing.fill(seed.team.pk)
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE jobs_transformjob, jobs_daysum")
    return seeds[0].team


def _blank_row() -> dict[str, Any]:
    """All columns but the id with their defaults."""
    blank = TransformJob()
    return {
        str(field.column): field.get_db_prep_save(getattr(blank, field.attname), database)
        for field in TransformJob._meta.concrete_fields
        if not (field.primary_key or field.generated)
    }


def _row(base: dict[str, Any], number: int, of: int, seed: _TeamSeed, dice: random.Random) -> tuple[Any, ...]:
    created = timezone.now() - YEAR + YEAR * ((number + dice.random()) / (of + 1))
    model = seed.models[min(int(dice.expovariate(0.4)), len(MODELS) - 1)]
    name = f"{model.name}-{created:%Y%m%d%H%M%S}-{number:07}"
    spec = _spec(model.name, created, dice)
    has_ended = number < of - _ACTIVE
    external = dice.random() < 0.07
    values = {
        **columns_of_request(dice.choices(seed.connections, (5, 1))[0], spec),
        "key": new_key(),
        "model_id": model.pk,
        "name": name,
        "submitted_by_id": None if external else dice.choice(seed.people).pk,
        "external": external,
        "search_text": searchable(name, spec),
        "archived_at": created + timedelta(days=1) if has_ended and dice.random() < 0.07 else None,
        "created_at": created,
        **_story(created, has_ended, dice),
    }
    return (*({**base, **values, "spec": json.dumps(spec)}.values()),)


def _spec(model: str, created: datetime, dice: random.Random) -> dict[str, Any]:
    day = f"{created:%Y-%m-%d}"
    return {
        "model_name": model,
        "data": f"s3://lake-{dice.randrange(4)}/{model}/dt={day}/",
        "output_path": f"s3://predictions/{model}/{day}/{dice.randrange(10**6):06}",
        "instance_type": dice.choices(INSTANCES, (40, 20, 15, 12, 8, 5))[0],
        "instance_count": 1,
        "tags": {"team": dice.choice(("growth", "crm", "risk"))} if dice.random() < 0.5 else {},
    }


def _story(created: datetime, has_ended: bool, dice: random.Random) -> dict[str, Any]:
    """State, times and counts of a job that was submitted at `created`."""
    state = dice.choices(list(_ENDS), list(_ENDS.values()))[0] if has_ended else JobState.IN_PROGRESS
    ran = state not in {JobState.REJECTED, JobState.CANCELLED}
    started = created + timedelta(seconds=dice.uniform(20, 240))
    length = timedelta(seconds=dice.lognormvariate(6, 1))
    total = int(dice.lognormvariate(3, 1)) + 1
    cause, reason, line, _ = dice.choices(FAILURES, _HOW_OFTEN)[0] if state == JobState.FAILED else ("",) * 4
    if state == JobState.REJECTED:
        cause, reason = "quota", _REFUSED
    failure = (
        {"quoted": line, "source": "data log"} if line else {"quoted": reason, "source": "FailureReason"}
    )
    begun, over = (started if ran else None), (started + length if has_ended else None)
    objects_done = total if state == JobState.COMPLETED else dice.randrange(total)
    return {
        "state": str(state.value),
        "state_reason": reason,
        "changed_at": over or started,
        "accepted_at": created if ran else None,
        "started_at": begun,
        "ended_at": over,
        "instance_seconds": int(length.total_seconds()) if ran and has_ended else None,
        "price_per_hour": _PRICE if ran and has_ended else None,
        "cost_usd": round(_PRICE * Decimal(length.total_seconds()) / 3600, 6) if ran and has_ended else None,
        "objects_total": total if ran else None,
        "objects_done": objects_done if ran else None,
        "warnings": json.dumps(
            _SHORT_OF_ROWS if state == JobState.COMPLETED and dice.random() < _WARNED else []
        ),
        **derived("", "", begun, over),
        "cause": cause,
        "failure": json.dumps(failure if cause else {}),
    }


def _write(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert the rows in the fastest way of the database."""
    names = ", ".join(f'"{column}"' for column in columns)
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            with cursor.copy(f"COPY jobs_transformjob ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(
            f"INSERT INTO jobs_transformjob ({names}) VALUES ({marks})",  # noqa: S608  # our own columns
            [tuple(_adapted(value) for value in row) for row in rows],
        )


def _adapted(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return database.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
