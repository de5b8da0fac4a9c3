"""The page of a version."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deployments.models import FollowPolicy
from deployments.registry.pages.finding import find_version
from deployments.registry.pages.unreachable import says_what_failed
from deployments.registry.services import groups, metrics, usage, versions
from jobs.services.listing.display import for_display
from teams.access import MemberRequest, member_required

_JOBS_SHOWN = 10


@require_GET
@member_required()
@says_what_failed
def version(request: MemberRequest, slug: str, group: str, number: int) -> HttpResponse:
    """One version: containers, metrics, approval with its history, models and jobs, and where it is deployed."""
    connection, package_group, package = find_version(request.team, slug, group, number)
    use = versions.use_of(connection, package)
    history = versions.history(connection, package)
    jobs = usage.jobs_of(connection, package_group.name, number, use.models)[:_JOBS_SHOWN]
    context = {
        "connection": connection,
        "group": package_group,
        "version": package,
        "documents": metrics.documents(connection, package),
        "numbers": metrics.numbers_in_metadata(package),
        "use": use,
        "history": history,
        # What somebody changed in SageMaker itself has no row here.
        "changed_outside": bool(history) and history[0].after != package.approval,
        "jobs": for_display(jobs),
        "followers": [
            deployment
            for deployment in groups.deployments_of(connection, package_group.name)
            if deployment.follow == FollowPolicy.PROMOTE
        ],
    }
    return render(request, "registry/version.html", context)
