"""One verb for many jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from jobs.api import request_serializers, serializers
from jobs.api.views.base import TeamView
from jobs.api.views.keyed import keyed
from jobs.filtering import JobFilter
from jobs.services.errors import InvalidFields
from jobs.services.listing import bulk_actions
from jobs.services.submitting.replacing import Outputs


class Many(TeamView):
    """Stopping, archiving, bringing back or running again many jobs."""

    @extend_schema(
        operation_id="jobs_many", request=request_serializers.ManyBody, responses=serializers.ManyAnswer
    )
    @keyed
    def post(self, request: Request) -> Response:
        """Do `action` to the jobs in `ids`, or to those that `filter` finds; say what became of each."""
        body = request_serializers.fields_of(request.data)
        replace = request_serializers.take_flag(body, "replace_outputs")
        request_serializers.check_texts(body, ["action"], ["ids", "filter"])
        outcome = self._acted(
            str(body.get("action", "")), body, Outputs.REPLACE if replace else Outputs.REFUSE
        )
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

    def _acted(self, action: str, body: dict[str, Any], outputs: Outputs) -> bulk_actions.Outcome:
        who: dict[str, Any] = {"by": self.member.user, "token": self.token, "outputs": outputs}
        if ("ids" in body) == ("filter" in body):
            raise InvalidFields({"ids": ["Give either ids or filter."]})
        if "ids" in body:
            return bulk_actions.on_these(self.member.team, action, _keys(body["ids"]), **who)
        return bulk_actions.on_matching(self.member.team, action, _filter(body["filter"]), **who)


def _keys(given: object) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(key, str) for key in given):
        raise InvalidFields({"ids": ["It must be a list of job ids."]})
    return given


def _filter(given: object) -> JobFilter:
    if not isinstance(given, dict):
        raise InvalidFields({"filter": ["It must be an object with the filters of the list, such as {}."]})
    return JobFilter.read(given)
