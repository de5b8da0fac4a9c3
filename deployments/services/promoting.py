"""Promotions: asking for one, approving or rejecting it, and going back to an earlier version."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from deployments.lifecycle.announcing import announce_waiting
from deployments.models import Promotion, PromotionKind, PromotionState, Stage
from deployments.models.promotion import OPEN
from deployments.services import queries
from deployments.tasks import carry
from jobs.services.errors import InvalidFields, NotPossible
from jobs.tasks import enqueue
from teams import activity
from teams.models import ApiToken, Membership

MAX_NOTE = 2000


def request(
    stage: Stage, version: int, *, member: Membership, note: str = "", token: ApiToken | None = None
) -> Promotion:
    """Promote a version to a stage: at once, or once an admin approves it where the stage needs that.

    An admin's own request is an approval. Asking again for what is open already changes nothing. Raises NotPossible,
    and InvalidFields for a version or a note that cannot be used.
    """
    note = _checked_note(note)
    open_promotion = stage.promotions.filter(state__in=sorted(OPEN)).first()
    if open_promotion is not None and open_promotion.version == version:
        if open_promotion.state == PromotionState.APPROVED:
            return open_promotion
        if member.can_admin or not stage.needs_approval:
            return approve(open_promotion, member=member, note=note, token=token)
        return _ask(open_promotion, member, note, token)
    if open_promotion is not None and open_promotion.state == PromotionState.APPROVED:
        raise NotPossible(
            f"Version {open_promotion.version} is being deployed to {stage.name} now. Wait for its end."
        )
    arn = version_arn(stage, version)
    if stage.version == version:
        raise NotPossible(f"Version {version} runs in {stage.name} already.")
    at_once = member.can_admin or not stage.needs_approval
    return _create(stage, version, arn, PromotionKind.PROMOTION, at_once, member, note, token)


def roll_back(
    stage: Stage, version: int, *, member: Membership, note: str = "", token: ApiToken | None = None
) -> Promotion:
    """Go back to a version that was deployed to the stage before; needs an admin where promotions do.

    Raises NotPossible, and InvalidFields for a version that never ran here.
    """
    note = _checked_note(note)
    if stage.needs_approval and not member.can_admin:
        raise NotPossible(f"Only an admin rolls {stage.name} back.")
    earlier = {row.version: row for row in queries.versions_of(stage)}
    if version not in earlier:
        numbers = ", ".join(str(number) for number in sorted(earlier)) or "none yet"
        raise InvalidFields(
            {"version": [f"Version {version} never ran in {stage.name}. Versions that did: {numbers}."]}
        )
    if stage.version == version:
        raise NotPossible(f"Version {version} runs in {stage.name} now.")
    arn = earlier[version].version_arn
    return _create(stage, version, arn, PromotionKind.ROLL_BACK, True, member, note, token)


def approve(
    promotion: Promotion, *, member: Membership, note: str = "", token: ApiToken | None = None
) -> Promotion:
    """Approve a promotion, so that workers carry the version into the stage. Approving again changes nothing.

    Raises NotPossible for a promotion that has ended, or without the right to approve it.
    """
    note = _checked_note(note)
    stage = promotion.stage
    if stage.needs_approval and not member.can_admin:
        raise NotPossible(f"Only an admin approves promotions to {stage.name}.")
    now = timezone.now()
    with transaction.atomic():
        for state in (PromotionState.OFFERED, PromotionState.WAITING):
            if promotion.move(
                PromotionState.APPROVED,
                from_=state,
                decided_by=member.user,
                decided_at=now,
                note=_joined(promotion.note, note),
                next_look_at=now,
                from_version=stage.version,
            ):
                _record(promotion, "deployment.approved", member, token)
                enqueue(carry, promotion.pk)
                return promotion
    promotion.refresh_from_db()
    if promotion.state in (PromotionState.APPROVED, PromotionState.DEPLOYED):
        return promotion
    raise NotPossible(f"This promotion has ended already: {promotion.get_state_display().lower()}.")


def reject(
    promotion: Promotion, *, member: Membership, note: str = "", token: ApiToken | None = None
) -> Promotion:
    """Reject an offer or a request. Rejecting again changes nothing. Raises NotPossible if it was approved."""
    note = _checked_note(note)
    if promotion.stage.needs_approval and not member.can_admin:
        raise NotPossible(f"Only an admin decides on promotions to {promotion.stage.name}.")
    now = timezone.now()
    with transaction.atomic():
        for state in (PromotionState.OFFERED, PromotionState.WAITING):
            if promotion.move(
                PromotionState.REJECTED,
                from_=state,
                decided_by=member.user,
                decided_at=now,
                ended_at=now,
                note=_joined(promotion.note, note),
            ):
                _record(promotion, "deployment.rejected", member, token)
                return promotion
    promotion.refresh_from_db()
    if promotion.state == PromotionState.REJECTED:
        return promotion
    raise NotPossible(f"It is too late to reject it: {promotion.get_state_display().lower()}.")


def _joined(request_note: str, decision_note: str) -> str:
    """The notes of who asked and of who decided, one a line."""
    return "\n".join(note for note in (request_note, decision_note) if note)


def version_arn(stage: Stage, version: int) -> str:
    """The ARN of a version that may be promoted to the stage.

    For the first stage that is what the registry offers, for a later one what was deployed to the stage before it.
    Raises InvalidFields.
    """
    versions = promotable(stage)
    if version in versions:
        return versions[version]
    numbers = ", ".join(str(number) for number in sorted(versions)) or "none yet"
    raise InvalidFields(
        {"version": [f"Version {version} cannot be promoted to {stage.name}. Versions that can: {numbers}."]}
    )


def promotable(stage: Stage) -> dict[int, str]:
    """Version -> ARN of those that may be promoted to the stage."""
    deployment = stage.deployment
    before = [row for row in queries.stages(deployment) if row.position < stage.position]
    if before:
        return {row.version: row.version_arn for row in queries.versions_of(before[-1])}
    versions = {row.version: row.version_arn for row in stage.promotions.all()}
    if deployment.newest_version is not None:
        versions[deployment.newest_version] = deployment.newest_arn
    return versions


def next_version(stage: Stage) -> int | None:
    """The version that a promotion to the stage is about, if none is named; None if there is none.

    What is open goes first, then what runs in the stage before, or what the registry has for the first stage.
    """
    if open_promotion := queries.open_promotion(stage):
        return open_promotion.version
    before = [row for row in queries.stages(stage.deployment) if row.position < stage.position]
    version = before[-1].version if before else stage.deployment.newest_version
    return version if version != stage.version else None


def _ask(promotion: Promotion, member: Membership, note: str, token: ApiToken | None) -> Promotion:
    with transaction.atomic():
        if promotion.move(
            PromotionState.WAITING,
            from_=PromotionState.OFFERED,
            requested_by=member.user,
            requested_at=timezone.now(),
            note=note,
        ):
            _record(promotion, "deployment.promotion_requested", member, token)
            announce_waiting(promotion)
    return promotion


def _create(
    stage: Stage,
    version: int,
    arn: str,
    kind: PromotionKind,
    at_once: bool,
    member: Membership,
    note: str,
    token: ApiToken | None,
) -> Promotion:
    now = timezone.now()
    decision = {"decided_by": member.user, "decided_at": now, "next_look_at": now} if at_once else {}
    verbs = {
        PromotionKind.ROLL_BACK: "deployment.rolled_back",
        PromotionKind.PROMOTION: "deployment.promoted" if at_once else "deployment.promotion_requested",
    }
    try:
        with transaction.atomic():
            stage.promotions.filter(state__in=[PromotionState.OFFERED, PromotionState.WAITING]).update(
                state=PromotionState.REPLACED, ended_at=now
            )
            promotion = Promotion.objects.create(
                team=stage.team,
                stage=stage,
                kind=kind,
                state=PromotionState.APPROVED if at_once else PromotionState.WAITING,
                version=version,
                version_arn=arn,
                from_version=stage.version,
                requested_by=member.user,
                note=note,
                **decision,
            )
            _record(promotion, verbs[kind], member, token)
            if at_once:
                enqueue(carry, promotion.pk)
            else:
                announce_waiting(promotion)
    except IntegrityError as error:
        raise NotPossible(
            f"Another version is being deployed to {stage.name} now. Wait for its end."
        ) from error
    return promotion


def _record(promotion: Promotion, verb: str, member: Membership, token: ApiToken | None) -> None:
    activity.record(
        promotion.team, member.user, verb, promotion.stage.deployment, label=str(promotion), token=token
    )


def _checked_note(note: str) -> str:
    if not isinstance(note, str) or len(note) > MAX_NOTE or "\0" in note:
        raise InvalidFields({"note": [f"It must be a text of at most {MAX_NOTE:,} characters."]})
    return note.strip()
