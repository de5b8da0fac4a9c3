"""A job that a person is about to submit: what it begins with, looked up once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from jobs import queries
from jobs.lifecycle.queue.starting import submitted_request
from jobs.models import Connection, Preset, TransformJob
from jobs.options import RunOptions
from jobs.services.submitting import jobs_under_way, preflight, presets, submission, trials
from jobs.services.submitting.preflight import PreflightReport
from jobs.states import Origin
from teams.models import Membership, Team
from transform.spec import TransformSpec


class NotInTeam(LookupError):
    """The team has no such job or preset; the message is for the person."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new job begins with: the job that it clones, the preset, or neither.

    `is_unlocked`: an admin may change what the preset locks.
    """

    member: Membership
    source: TransformJob | None = None
    preset: Preset | None = None
    is_unlocked: bool = False

    @property
    def team(self) -> Team:
        """The team that the job will belong to."""
        return self.member.team

    @property
    def locking_preset(self) -> Preset | None:
        """The preset whose locked fields the job has to keep; None if it may change all of them."""
        return None if self.is_unlocked else self.preset

    def source_request(self) -> dict[str, Any]:
        """The cloned job's CreateTransformJob JSON without its name, which can be used once; empty without one.

        Of a trial, the request for all of its input.
        """
        if self.source and self.source.trial_run:
            return TransformSpec.from_fields(self.source.full_request).to_request()
        request = submitted_request(self.source) if self.source else {}
        return {member: value for member, value in request.items() if member != "TransformJobName"}

    def check(self, body: Mapping[str, Any], wrong: Mapping[str, list[str]]) -> PreflightReport:
        """Preflight's report on a body; `wrong` holds sentences on fields that are wrong already."""
        return preflight.run(self.team, body, wrong, trial_job=self.source)

    def submit(
        self, connection: Connection, spec: TransformSpec, options: RunOptions, *, known_ids: frozenset[int]
    ) -> TransformJob:
        """Submit the job. Raises InvalidFields, also for a locked field whose value is not the preset's.

        `known_ids` are the jobs near its output path before `check`; SubmittedMeanwhile is raised for another one.
        """
        if self.locking_preset:
            presets.check_locked(self.locking_preset, connection, spec, options)
        lineage = submission.Lineage(self.source, Origin.CLONE) if self.source else None
        with transaction.atomic():
            jobs_under_way.refuse_newer(connection, spec, known_ids)
            return submission.submit(
                connection, spec, options, by=self.member.user, lineage=lineage, preset=self.preset
            )

    def try_first(
        self, connection: Connection, spec: TransformSpec, options: RunOptions, count: int
    ) -> TransformJob:
        """Submit a trial of the first `count` records. Raises InvalidFields, NotPossible and Unavailable."""
        if self.locking_preset:
            presets.check_locked(self.locking_preset, connection, spec, options)
        return trials.begin(connection, spec, options, count, by=self.member.user, preset=self.preset)


def begin_draft(member: Membership, *, source_key: str, preset_text: str, unlock: bool) -> Draft:
    """The draft of a job that clones the job `source_key` or begins with a preset; empty texts name none.

    Only an admin unlocks a preset. Raises NotInTeam.
    """
    source = queries.jobs(member.team).filter(key=source_key).first() if source_key else None
    if source_key and source is None:
        raise NotInTeam("There is no such job in this team.")
    preset = presets.find_preset(member.team, preset_text) if preset_text else None
    if preset_text and preset is None:
        raise NotInTeam("There is no such preset in this team.")
    return Draft(member, source, preset, is_unlocked=unlock and member.can_admin)
