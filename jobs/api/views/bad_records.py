"""Searches for the bad records of a job's objects: plan, begin, look at, stop, run without them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api.parameters import PageQuery, takes
from jobs.api.request_serializers import read_body
from jobs.api.serializers.bad_records import SearchAnswer, SearchBody, SearchPlanAnswer
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.models import RecordSearch
from jobs.services.attempts import bad_records


class RecordSearches(TeamView, generics.ListAPIView[RecordSearch]):
    """The searches in objects of a job, newest first."""

    serializer_class = SearchAnswer

    def get_queryset(self) -> QuerySet[RecordSearch]:
        """All of the job's."""
        if getattr(self, "swagger_fake_view", False):
            return RecordSearch.objects.none()
        return bad_records.searches_of(self.job(self.kwargs["id"]))

    @takes(PageQuery)
    @extend_schema(operation_id="jobs_searches_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the searches for bad records of a job."""
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="jobs_searches_begin", request=SearchBody, responses={201: SearchAnswer})
    @keyed
    def post(self, request: Request, id: str) -> Response:
        """Begin a search with small jobs, one after the other; `jobs_searches_plan` says before what they may cost."""
        job, body = self.job(id), read_body(SearchBody, request.data)
        search = bad_records.begin(job, body["object"], by=self.member.user, token=self.token)
        return Response(SearchAnswer(search).data, status=201)


class SearchPlans(TeamView):
    """What searches would do."""

    @extend_schema(operation_id="jobs_searches_plan", request=SearchBody, responses=SearchPlanAnswer)
    def post(self, request: Request, id: str) -> Response:
        """What a search would run, how long and for how much. Nothing is run; 409 says why none is possible."""
        plan = bad_records.plan(self.job(id), read_body(SearchBody, request.data)["object"])
        return Response(SearchPlanAnswer(plan).data)


class OfRecordSearch(TeamView):
    """A view of one search."""

    def search(self, id: str, search: str) -> RecordSearch:
        """The job's search with this id; Http404 for any other."""
        row: RecordSearch = get_object_or_404(bad_records.searches_of(self.job(id)), key=search)
        return row


class OneRecordSearch(OfRecordSearch):
    """One search."""

    @extend_schema(operation_id="jobs_searches_get", responses=SearchAnswer)
    def get(self, request: Request, id: str, search: str) -> Response:
        """How far a search is, and the records that it found."""
        return Response(SearchAnswer(self.search(id, search)).data)


class StopRecordSearch(OfRecordSearch):
    """Stopping a search."""

    @extend_schema(operation_id="jobs_searches_stop", request=None, responses=SearchAnswer)
    @keyed
    def post(self, request: Request, id: str, search: str) -> Response:
        """Stop a search with its job, or the run without the bad records. 409 once it has ended."""
        row = self.search(id, search)
        bad_records.stop(row, by=self.member.user, token=self.token)
        return Response(SearchAnswer(row).data)


class RunWithoutBadRecords(OfRecordSearch):
    """Running an object without its bad records."""

    @extend_schema(operation_id="jobs_searches_run", request=None, responses={202: SearchAnswer})
    @keyed
    def post(self, request: Request, id: str, search: str) -> Response:
        """Run a copy of the object without its bad records, and write its output; one that is there is never replaced.

        In the output a mark stands in the place of each bad record. 409 says why this is not possible.
        """
        row = self.search(id, search)
        bad_records.run_without(row, by=self.member.user, token=self.token)
        return Response(SearchAnswer(row).data, status=202)
