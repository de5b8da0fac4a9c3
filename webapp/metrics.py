"""/metrics: numbers and ages of jobs for Prometheus, read from the database at each request."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from jobs.models import Connection, TransformJob
from jobs.states import REMOTE, JobState

_LABELS = ("team", "connection")


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' text format; 403 for a client that may not read them."""
    if not _may_read(request):
        text = "Send BATCHDECK_METRICS_TOKEN as a bearer token, or if none is set ask from this machine.\n"
        return HttpResponse(text, status=403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        authorization = request.headers.get("Authorization", "")
        return constant_time_compare(authorization, f"Bearer {settings.METRICS_TOKEN}")
    # Through a proxy on this machine everybody would seem to be on this machine.
    forwarded = {"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto"} & set(request.headers)
    return not forwarded and ipaddress.ip_address(request.META["REMOTE_ADDR"]).is_loopback


class _Figures:
    """A Prometheus collector."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Three metric families, each by team and connection."""
        place = ("connection__team__slug", "connection__slug")
        jobs = TransformJob.objects.order_by().values_list(*place)
        count = GaugeMetricFamily("batchdeck_jobs", "Jobs by state.", labels=(*_LABELS, "state"))
        whole_jobs = jobs.filter(root=None).annotate(n=Count("pk"))
        for team, connection, state, number in whole_jobs.values_list(*place, "overall_state", "n"):
            count.add_metric((team, connection, state), number)
        yield count
        waiting = jobs.filter(state=JobState.WAITING).annotate(since=Min("created_at"))
        yield _ages("batchdeck_oldest_waiting_seconds", "Age of the oldest waiting job.", waiting)
        running = Connection.objects.filter(jobs__state__in=REMOTE).distinct()
        polled = running.values_list("team__slug", "slug", "polled_at")
        yield _ages("batchdeck_poll_age_seconds", "Time since jobs that run were last asked about.", polled)


def _ages(name: str, words: str, rows: Iterable[tuple[str, str, datetime | None]]) -> GaugeMetricFamily:
    family, now = GaugeMetricFamily(name, words, labels=_LABELS), timezone.now()
    for team, connection, since in rows:
        if since is not None:
            family.add_metric((team, connection), (now - since).total_seconds())
    return family
