"""Submitting many jobs by one request: each is checked by itself, and all that can be written are written together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from jobs.models import TransformJob
from jobs.services.errors import InvalidFields, NotPossible, Unavailable
from jobs.services.submitting import jobs_under_way, presets, replacing
from jobs.services.submitting.presets import CheckedBody
from teams.models import ApiToken, Membership

#: Jobs of one request.
MOST = 1000
#: Seconds after which no further job's outputs are looked for in S3.
WITHIN = 20.0
#: What is wrong with one job, and lets the others be submitted.
Refusal = InvalidFields | NotPossible | Unavailable
_REFUSALS = (InvalidFields, NotPossible, Unavailable)


@dataclass(frozen=True, slots=True)
class OneBody:
    """A submission's body, and whether its job may replace objects."""

    fields: Mapping[str, Any]
    replace_outputs: bool


def submit_all(
    member: Membership, bodies: Sequence[OneBody | Refusal], *, token: ApiToken | None = None
) -> list[TransformJob | Refusal]:
    """Submit the bodies; returns for each, in order, its job or why there is none. A refusal stays what it is.

    All jobs are written in one transaction: a process that ends in between has submitted none of them.
    """
    until = time.monotonic() + WITHIN
    return jobs_under_way.until_unchanged(lambda: _check_and_submit(member, bodies, token, until))


def _check_and_submit(
    member: Membership, bodies: Sequence[OneBody | Refusal], token: ApiToken | None, until: float
) -> list[TransformJob | Refusal]:
    places = set[tuple[int, str, str]]()
    checked = [body if isinstance(body, Refusal) else _check(member, body, until, places) for body in bodies]
    with transaction.atomic():
        for row in checked:
            if isinstance(row, CheckedBody) and row.known_ids is not None:
                jobs_under_way.refuse_newer(row.connection, row.spec, row.known_ids)
        return [row if isinstance(row, Refusal) else _write(row, member, token) for row in checked]


def _check(
    member: Membership, body: OneBody, until: float, places: set[tuple[int, str, str]]
) -> CheckedBody | Refusal:
    """The body if its job can be submitted; `places` are the inputs and outputs of the jobs before it."""
    try:
        row = presets.check_body(member, body.fields)
        if not body.replace_outputs:
            row = replace(row, known_ids=jobs_under_way.ids_near(row.connection, row.spec))
            _check_outputs(row, until, places)
    except _REFUSALS as error:
        return error
    places.add(_place(row))
    return row


def _check_outputs(row: CheckedBody, until: float, places: set[tuple[int, str, str]]) -> None:
    if _place(row) in places:
        raise NotPossible(
            f"Another job of this request reads {row.spec.data} and writes below {row.spec.output_path} too. "
            "Send replace_outputs: true to let this one replace its outputs, or another output_path."
        )
    if time.monotonic() > until:
        raise Unavailable(
            f"Whether outputs are there already was looked up for {WITHIN:.0f} seconds, and not yet for this job. "
            "Send it again in another request."
        )
    replacing.check(row.connection, row.spec)


def _place(row: CheckedBody) -> tuple[int, str, str]:
    return row.connection.pk, row.spec.data, row.spec.output_path


def _write(row: CheckedBody, member: Membership, token: ApiToken | None) -> TransformJob | Refusal:
    try:
        return row.submit(by=member.user, token=token)
    except InvalidFields as error:
        return error
