"""What can be done to a job from its page: stop it, finish it, run it again, put it away."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs.models import TransformJob
from jobs.pages.job.showing import find_job
from jobs.services import archiving, attempts, stopping
from jobs.services.errors import NotPossible, Unavailable
from teams.access import MemberRequest, member_required
from teams.models import Role


@require_POST
@member_required(Role.OPERATOR)
def stop(request: MemberRequest, key: str) -> HttpResponse:
    """Stop the job, or withdraw it while it waits."""
    return redirect(_tried(request, key, stopping.stop))


@require_POST
@member_required(Role.OPERATOR)
def finish(request: MemberRequest, key: str) -> HttpResponse:
    """Write what is missing, by a further attempt; the first one's page tells of all of them."""
    return _first_attempt(_tried(request, key, attempts.finish_missing))


@require_POST
@member_required(Role.OPERATOR)
def retry(request: MemberRequest, key: str) -> HttpResponse:
    """Run the same request again, as a further attempt."""
    return _first_attempt(_tried(request, key, attempts.retry))


@require_POST
@member_required(Role.OPERATOR)
def archive(request: MemberRequest, key: str) -> HttpResponse:
    """Leave the job out of lists."""
    return redirect(_tried(request, key, archiving.archive))


@require_POST
@member_required(Role.OPERATOR)
def restore(request: MemberRequest, key: str) -> HttpResponse:
    """Show the job in lists again."""
    return redirect(_tried(request, key, archiving.restore))


def _tried(request: MemberRequest, key: str, verb: Callable[..., object]) -> TransformJob:
    """The job to which it was done, or of which the person was told why it cannot be."""
    job = find_job(request.team, key)
    try:
        verb(job, by=request.user)
    except (NotPossible, Unavailable) as error:
        messages.info(request, str(error))
    return job


def _first_attempt(job: TransformJob) -> HttpResponse:
    return redirect(job.root or job)
