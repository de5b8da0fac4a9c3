"""Tags of the pages of deployments."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.models import DeploymentRun, Promotion, PromotionState, RunStep, StageRunState, StepState
from jobs.templatetags.deck import icon

register = template.Library()

#: A state's CSS class and icon.
_LOOKS: dict[str, tuple[str, str]] = {
    StageRunState.WAITING: ("idle", "clock"),
    StageRunState.RUNNING: ("run", "progress"),
    StageRunState.COMPLETED: ("ok", "filled-circle-check"),
    StageRunState.FAILED: ("fail", "filled-circle-x"),
    StageRunState.STOPPED: ("idle", "filled-player-stop"),
    StageRunState.SKIPPED: ("idle", "x"),
    PromotionState.OFFERED: ("idle", "circle-plus"),
    PromotionState.APPROVED: ("run", "progress"),
    PromotionState.DEPLOYED: ("ok", "filled-circle-check"),
    PromotionState.REJECTED: ("idle", "ban"),
    PromotionState.REPLACED: ("idle", "x"),
    StepState.SKIPPED: ("idle", "x"),
}


@register.filter
def in_own_zone(at: datetime) -> str:
    """A time in its own zone, whatever the page's zone is: Tue 2026-12-01 06:00 CET."""
    return f"{at:%a %Y-%m-%d %H:%M} {at.tzname() or ''}".strip()


@register.simple_tag
def state_mark(row: DeploymentRun | Promotion | RunStep, size: str = "") -> SafeString:
    """The state of a run, a step or a promotion as icon, word and colour."""
    look, shape = _LOOKS[row.state]
    return format_html('<span class="st {} {}">{}{}</span>', look, size, icon(shape), row.get_state_display())
