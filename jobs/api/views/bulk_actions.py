"""One action on many jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.filtering import JobFilter
from jobs.services.listing import bulk_actions
from jobs.services.submitting.replacing import Outputs


class Many(TeamView):
    """Stop, archive, restore or retry many jobs."""

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
                "done": outcome.done,
                "passed_over": passed,
                "more": outcome.more,
            }
        )

    def _act(self, body: dict[str, Any]) -> bulk_actions.Outcome:
        outputs = Outputs.REPLACE if body["replace_outputs"] else Outputs.REFUSE
        options: dict[str, Any] = {"by": self.member.user, "token": self.token, "outputs": outputs}
        if "ids" in body:
            return bulk_actions.act_on_keys(self.member.team, body["action"], body["ids"], **options)
        job_filter = JobFilter.read(body["filter"])
        return bulk_actions.act_on_matching(
            self.member.team, body["action"], job_filter, stop_others=body["stop_others"], **options
        )
