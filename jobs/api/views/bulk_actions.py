"""One action on many jobs, and many submissions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import errors, request_serializers, serializers
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.filtering import JobFilter
from jobs.models import TransformJob
from jobs.services.attempts.tagging import TagChanges
from jobs.services.errors import InvalidFields
from jobs.services.listing import bulk_actions
from jobs.services.submitting import bulk
from jobs.services.submitting.replacing import Outputs


class Bulk(TeamView):
    """Many submissions."""

    @extend_schema(
        operation_id="jobs_submit_bulk",
        request=request_serializers.BulkBody,
        responses=serializers.BulkAnswer,
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Submit up to 1,000 jobs; each has an outcome of its own, and a refused one hinders no other."""
        bodies = [_one_body(body) for body in request_serializers.read_bodies(request.data)]
        outcomes = bulk.submit_all(self.member, bodies, token=self.token)
        rows = [_bulk_row(index, outcome) for index, outcome in enumerate(outcomes)]
        created = sum(row["job"] is not None for row in rows)
        answer = {"results": rows, "created": created, "refused": len(rows) - created}
        return Response(serializers.BulkAnswer(answer).data)


def _one_body(body: Any) -> bulk.OneBody | bulk.Refusal:
    try:
        fields = request_serializers.fields_of(body)
        return bulk.OneBody(fields, request_serializers.take_replace_outputs(fields))
    except ParseError as error:
        return InvalidFields({"__all__": [str(error.detail)]})
    except InvalidFields as error:
        return error


def _bulk_row(index: int, outcome: TransformJob | bulk.Refusal) -> dict[str, Any]:
    if isinstance(outcome, TransformJob):
        return {"index": index, "status": 201, "job": outcome, "error": None}
    status, error = errors.refusal(outcome)
    return {"index": index, "status": status, "job": None, "error": error}


class Many(TeamView):
    """Stop, archive, restore, retry, finish, clone or tag many jobs."""

    @extend_schema(
        operation_id="jobs_many", request=request_serializers.ManyBody, responses=serializers.ManyAnswer
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Do `action` to the jobs in `ids`, or to those that `filter` finds; say what became of each."""
        body = request_serializers.read_body(request_serializers.ManyBody, request.data)
        outcome = self._act(body)
        passed = [{"id": key, "reason": reason} for key, reason in outcome.refused.items()]
        return Response(
            {
                "action": outcome.action,
                "message": outcome.sentence,
                "done": outcome.done_keys,
                "passed_over": passed,
                "more": outcome.more,
            }
        )

    def _act(self, body: dict[str, Any]) -> bulk_actions.Outcome:
        choices = bulk_actions.Choices(
            outputs=Outputs.REPLACE if body["replace_outputs"] else Outputs.REFUSE,
            changes=body.get("set", {}),
            tags=TagChanges(body.get("set_tags", {}), body.get("remove_tags", [])),
        )
        options: dict[str, Any] = {"by": self.member.user, "token": self.token, "choices": choices}
        if "ids" in body:
            return bulk_actions.act_on_keys(self.member.team, body["action"], body["ids"], **options)
        job_filter = JobFilter.read(body["filter"])
        return bulk_actions.act_on_matching(
            self.member.team, body["action"], job_filter, stop_others=body["stop_others"], **options
        )
